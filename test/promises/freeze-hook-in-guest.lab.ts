// runs natively
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { FreezeHookReport } from '../../src/coordinator/install-freeze-hook.ts'
import type { ReleaseReport } from '../../src/coordinator/release-hold.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { waitFor } from '../labs/wait-for.ts'
import { answers } from './subject.ts'

/** The real qemu-guest-agent, asked as any hypervisor asks it. What libvirt makes of it is in freeze-hook.lab.ts. */
let subject: ContainerSubject
before(async () => {
  subject = await openContainerSubject('freeze-hook', { hold: '{ ttl: 600s, budget: 590s }' })
  const { guest, cli, pve } = subject
  pve.standIn.grant('stillshot@pve', '/vms', 'VM.GuestAgent.Audit', 'VM.GuestAgent.FileSystemMgmt')
  const { freezeHook } = await cli.installHelper<{ freezeHook: FreezeHookReport }>(guest, '--freeze-hook')
  assert.deepEqual(freezeHook.proof, { proven: true, grade: 'db-stopped', reasons: [] })
})
after(() => subject?.close())

const HOOK = '/etc/qemu/fsfreeze-hook'
const FILE_SYSTEMS = 2

const agent = (act: 'freeze' | 'thaw') => subject.machine.askAgent(`guest-fsfreeze-${act}`)

/** No file comes into being on a frozen file system; whoever makes one waits until it is thawed, deaf to signals. */
async function isFrozen(): Promise<boolean> {
  const touch = 'f=/srv/data/.lab-$$; touch $f </dev/null >/dev/null 2>&1 & sleep 2; [ -e $f ]'
  return (await subject.guest.inside(touch)).status !== 0
}

test('a freeze while stillshot holds the guest is part of that hold', async () => {
  const { guest, cli } = subject
  const { hold } = await cli.json<{ hold: { id: string } }>('hold', cli.vm)
  assert.equal(await agent('freeze'), FILE_SYSTEMS)
  assert.equal(await agent('thaw'), FILE_SYSTEMS)
  assert.equal(await answers(guest), false)
  const release = await cli.json<ReleaseReport>('release', hold.id)
  assert.deepEqual([release.grade, release.reasons], ['db-stopped', []])
  assert.equal(await answers(guest), true)
})

test('a freeze that nobody ends is ended by the watchdog: file systems are thawed, and the server starts', async () => {
  const { guest } = subject
  await guest.run("sed -i 's/^ttl .*/ttl 40000/; s/^start .*/start 10000/' /etc/stillshot/freeze")
  assert.equal(await agent('freeze'), FILE_SYSTEMS)
  assert.equal(await isFrozen(), true)
  const back = async () => ((await answers(guest)) ? true : undefined)
  await waitFor(back, { what: 'the server', timeoutMs: 180_000, everyMs: 200 })
  assert.equal(await isFrozen(), false)
  await agent('thaw')
  const { freezes } = JSON.parse(await guest.run('stillshot-guest kept -'))
  const { freeze } = JSON.parse(await guest.run(`stillshot-guest kept ${freezes.at(-1)}`))
  assert.equal(freeze.releaseAnswer.fence.watchdog, 'fired')
})

test('removing the helper takes the hooks out and puts back what was there', async () => {
  const { guest, cli } = subject
  await cli.removeHelper(guest)
  assert.match(await guest.run(`cat ${HOOK}`), /exit 0/)
  assert.equal(await guest.run(`ls ${HOOK}.d /etc/qemu/qemu-ga.conf 2>&1 | grep -c stillshot || true`), '0\n')
  // Removing the hooks restarts the agent.
  const isBack = async () => ((await subject.machine.askAgent('guest-ping')) === undefined ? undefined : true)
  await waitFor(isBack, { what: 'the agent to be back', timeoutMs: 60_000, everyMs: 500 })
  assert.equal(await agent('freeze'), FILE_SYSTEMS)
  assert.equal(await agent('thaw'), FILE_SYSTEMS)
})
