import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import { installFreezeHook } from '../../src/coordinator/install-freeze-hook.ts'
import { StillshotError } from '../../src/errors.ts'
import type { GuestAgent } from '../../src/hypervisor/hypervisor.ts'
import { FreezingGuest } from '../world/freezing-guest.ts'
import { makeWorld } from '../world/world.ts'

const HOOKED = 'agent\trunning\nhook\t/etc/qemu/fsfreeze-hook\n'

/** A guest whose installing script says `facts`, and an agent that does what the test says. */
function makeHooked(facts: string, agent?: Partial<GuestAgent>) {
  const world = makeWorld()
  const freezing = new FreezingGuest(world)
  const asked: string[] = []
  const scripts: string[] = []
  const note =
    (name: string, work?: GuestAgent['freeze']) =>
    async (...given: Parameters<GuestAgent['freeze']>) => {
      asked.push(name)
      await work?.(...given)
    }
  const guestAgent = {
    ping: note('ping', agent?.ping),
    freeze: note('freeze', agent?.freeze ?? (async () => void (await freezing.frozen({})))),
    thaw: note('thaw', agent?.thaw),
  }
  Object.assign(world.hypervisor, { guestAgent: agent === undefined ? undefined : guestAgent })
  const shells = new FakeShells({
    clock: world.clock,
    program: async (argv, stdin) => {
      if (argv.at(-2) !== 'sh') return freezing.run(argv)
      scripts.push(String(stdin))
      return { exitStatus: 0, stdout: facts, stderr: '' }
    },
  })
  const helper = { ...world.ports.helper, freezeHook: { install: 'fact\n', remove: '' } }
  const { signal } = new AbortController()
  const install = (allowSelinux = false) =>
    installFreezeHook({ ...freezing.ports, shells, helper }, world.settings, { signal, allowSelinux })
  return { ...world, freezing, asked, scripts, install }
}

test('it ends with one real freeze and thaw, whose grade is shown and whose evidence is not kept', async () => {
  const { install, asked, freezing, scripts } = makeHooked(HOOKED, {})
  const { proof, hook } = await install()
  assert.deepEqual([proof, hook], [{ proven: true, grade: 'db-stopped', reasons: [] }, '/etc/qemu/fsfreeze-hook'])
  assert.deepEqual(asked, ['ping', 'freeze', 'thaw'])
  assert.equal(freezing.kept.size, 0)
  assert.deepEqual(scripts, ['PROFILE=mysql\nTTL=60000\nSTART=20000\nSELINUX=ask\nfact\n'])
})

test('an agent that froze the guest without the hook is told', async () => {
  const { install, asked } = makeHooked(HOOKED, { freeze: async () => {} })
  await assert.rejects(install(), { code: 'helper-failed', message: /froze the guest without its hook/ })
  assert.equal(asked.at(-1), 'thaw')
})

test('a freeze that fails is followed by a thaw, and is what is told', async () => {
  const failing = async () => {
    throw new StillshotError('hypervisor-refused', 'the hook has failed')
  }
  const { install, asked } = makeHooked(HOOKED, { freeze: failing, thaw: failing })
  await assert.rejects(install(), { message: 'the hook has failed' })
  assert.deepEqual(asked, ['ping', 'freeze', 'thaw'])
})

test('an agent that has just been restarted is waited for', async () => {
  let tries = 0
  const ping = async () => {
    tries += 1
    if (tries < 3) throw new StillshotError('hypervisor-refused', 'the agent is not connected')
  }
  const { install } = makeHooked(HOOKED, { ping })
  assert.equal((await install()).proof.proven, true)
  assert.equal(tries, 3)
})

test('where nobody can ask for a freeze it is said that nothing is proven, and why', async () => {
  const reasons: readonly (readonly [string, Partial<GuestAgent> | undefined, RegExp])[] = [
    ['vmware\t/etc/vmware-tools/backupScripts.d/50-stillshot\n', {}, /VMware Tools/],
    ['agent\tinstalled\nhook\t/x\n', {}, /does not run/],
    [`${HOOKED}selinux\tasks\n`, {}, /SELinux/],
    [HOOKED, undefined, /fake cannot be asked/],
  ]
  for (const [facts, agent, reason] of reasons) {
    const { install, asked } = makeHooked(facts, agent)
    const { proof } = await install()
    assert.match(proof.proven ? '' : proof.reason, reason)
    assert.deepEqual(asked, [])
  }
  await assert.rejects(makeHooked('', {}).install(), { message: /neither qemu-guest-agent nor VMware Tools/ })
})
