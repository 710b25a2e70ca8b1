// runs natively
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { containerGuest } from '../container/container-guest.ts'
import { containerOnProxmox } from '../container/container-on-proxmox.ts'
import type { NativeGuest } from '../container/native-guest.ts'
import { looksWhileDown } from '../looks-while-down.ts'
import { labPaths } from '../paths.ts'
import { runSnapshot, type SnapshotRun } from '../snapshot-run.ts'
import type { StillshotCli } from '../stillshot-cli.ts'
import { cliOnStandIn } from './cli-on-stand-in.ts'
import type { Fault } from './faults.ts'
import type { LabStandIn } from './lab-stand-in.ts'

let guest: NativeGuest
let pve: LabStandIn
let cli: StillshotCli
let firstPoint: string

before(async () => {
  guest = await containerGuest('pve-runs')
  pve = await containerOnProxmox(guest)
  cli = await cliOnStandIn(labPaths(), guest, pve)
  await guest.sql('CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1)')
})

after(async () => {
  await pve?.close()
  await guest?.destroy()
})

/** One run, in which everything that was asked to go wrong does. */
async function snapshot(fault?: Fault): Promise<SnapshotRun> {
  const { faults } = pve.standIn.cluster
  faults.clear()
  if (fault) faults.add(fault)
  const run = await runSnapshot(cli)
  assert.equal(faults.unused, 0, run.text)
  return run
}

function names(): readonly string[] {
  return [...pve.standIn.guest(pve.vmid).snapshots.keys()]
}

test('a snapshot has the grade db-stopped', async () => {
  const { status, points, text } = await snapshot()
  assert.equal(status, 0, text)
  assert.equal(points[0]?.grade, 'db-stopped', text)
  assert.deepEqual(names(), [points[0]?.snapshot])
  firstPoint = points[0]?.id ?? ''
  await guest.sql('INSERT INTO kept.t VALUES (2)')
})

test('the answer to the request is lost after the work: one snapshot, and no second one', async () => {
  const before = names()
  const { status, points, text } = await snapshot({ kind: 'lose', call: '^POST .*/snapshot$', when: 'after' })
  assert.equal(status, 0, text)
  assert.equal(points[0]?.grade, 'db-stopped', text)
  assert.deepEqual(names(), [...before, points[0]?.snapshot])
})

test('mode freeze: the task of Proxmox VE freezes the guest, its log is the proof, and nothing is stopped', async () => {
  const invocation = () => guest.run('systemctl show -p InvocationID --value mariadb')
  const before = await invocation()
  pve.standIn.grant('stillshot@pve', '/vms', 'VM.GuestAgent.Audit', 'VM.GuestAgent.FileSystemMgmt')
  const { status, points, text } = await runSnapshot(cli, '--mode', 'freeze')
  assert.equal(status, 0, text)
  assert.equal(points[0]?.grade, 'fs-frozen', text)
  assert.equal(await invocation(), before)
  await guest.run('touch /srv/data/.thawed', { timeoutMs: 10_000 })
})

test('the guest is locked by a backup for 20 s: the run waits for it', async () => {
  pve.standIn.backUp(pve.vmid, 20_000)
  const { status, points, text } = await snapshot()
  assert.equal(status, 0, text)
  assert.equal(points[0]?.grade, 'db-stopped', text)
})

test('a task of 40 s: the database is not started before its end', async () => {
  const known = pve.standIn.tasks('qmsnapshot').length
  const running = snapshot({ kind: 'slow', task: 'qmsnapshot', point: 'locked', ms: 40_000 })
  while (pve.standIn.tasks('qmsnapshot').length === known) await new Promise((resolve) => setTimeout(resolve, 100))
  const task = pve.standIn.tasks('qmsnapshot').at(-1)
  assert.ok((await looksWhileDown(guest, () => task?.running === true)) > 5)
  const { status, points, text } = await running
  assert.equal(status, 0, text)
  assert.equal(points[0]?.grade, 'db-stopped', text)
})

test('the worker is killed: the database is back, the message names qm unlock, and recover tidies up after it', async () => {
  const before = names()
  const { status, points, text } = await snapshot({ kind: 'kill', task: 'qmsnapshot', point: 'locked' })
  assert.notEqual(status, 0)
  assert.equal(points.length, 0)
  assert.equal(await guest.sql('SELECT 1'), '1')
  assert.match(text, /qm unlock 100/)
  pve.standIn.unlock(pve.vmid)
  await cli.json('recover')
  assert.deepEqual(names(), before)
})

test('a restore brings the rows back', async () => {
  await cli.json('restore', guest.name, '--point', firstPoint, '--yes')
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
})
