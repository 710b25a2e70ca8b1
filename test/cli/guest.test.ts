import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FreezeHookReport } from '../../src/coordinator/install-freeze-hook.ts'
import type { GuestHelperReport } from '../../src/coordinator/install-helper.ts'
import { run } from './fake-app.ts'

const INSTALLED: GuestHelperReport = {
  version: 1,
  vm: 'db1',
  path: '/usr/local/sbin/stillshot-guest',
  state: 'installed',
}
const PROVEN: FreezeHookReport = {
  hook: '/etc/qemu/fsfreeze-hook',
  proof: { proven: true, grade: 'db-stopped', reasons: [] },
}
const ASKS: FreezeHookReport = {
  hook: '/etc/qemu-ga/fsfreeze-hook',
  selinux: 'asks',
  proof: { proven: false, reason: 'SELinux does not let the hook work yet' },
}

/** Installs where SELinux asks until it is allowed; tells what the hook was installed with. */
async function install(words: readonly string[], { answer, interactive }: { answer?: boolean; interactive: boolean }) {
  const allowed: boolean[] = []
  const ran = await run(['--json', 'guest', 'install', 'db1', '--freeze-hook', ...words], {
    interactive,
    ...(answer === undefined ? {} : { prompts: { confirm: async () => answer } }),
    procedures: {
      installHelper: async () => INSTALLED,
      installFreezeHook: async (_, __, { allowSelinux }) => {
        allowed.push(allowSelinux)
        return allowSelinux ? { ...PROVEN, selinux: 'allowed' } : ASKS
      },
    },
  })
  assert.equal(ran.status, 0, ran.err)
  return { allowed, hook: (JSON.parse(ran.out) as { freezeHook: FreezeHookReport }).freezeHook }
}

test('guest install without --freeze-hook installs no hook', async () => {
  const ran = await run(['guest', 'install', 'db1'], { procedures: { installHelper: async () => INSTALLED } })
  assert.equal(ran.status, 0, ran.err)
  assert.doesNotMatch(ran.out, /freezeHook/)
})

test('SELinux is loosened only when a person agrees, or was told in words', async () => {
  assert.deepEqual((await install([], { interactive: true, answer: true })).allowed, [false, true])
  const refused = await install([], { interactive: true, answer: false })
  assert.deepEqual([refused.allowed, refused.hook], [[false], ASKS])
  assert.deepEqual((await install([], { interactive: false })).allowed, [false])
  assert.deepEqual((await install(['--allow-selinux'], { interactive: false })).allowed, [true])
})

test('guest collect says of each freeze what became of it', async () => {
  const ran = await run(['guest', 'collect', 'db1'], {
    procedures: {
      collectFreezes: async () => ({
        version: 1,
        vm: 'db1',
        freezes: [
          {
            id: '01JDAAAAAAAAAAAAAAAAAAAAAA',
            outcome: 'point',
            message: 'snapshot nightly is restore point 01JDAAAAAAAAAAAAAAAAAAAAAA',
            grade: 'crash-only',
            reasons: [{ code: 'freeze-ambiguous', message: 'two of them' }],
          },
          { id: '01JDBBBBBBBBBBBBBBBBBBBBBB', outcome: 'waits', message: 'it has only just ended' },
        ],
      }),
    },
  })
  assert.equal(ran.status, 0, ran.err)
  assert.match(ran.out, /^01JDA+: point: snapshot nightly .*\n +crash-only: .*\n +because two of them/)
  assert.match(ran.out, /^01JDB+: waits: it has only just ended$/m)
  assert.match((await run(['guest', 'collect', 'db1'])).out, /db1: no freeze waits to be collected/)
})
