// runs natively
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cliOnHypervisor } from '../labs/cli-on-hypervisor.ts'
import { runCommand } from '../labs/command.ts'
import { containerGuest } from '../labs/container/container-guest.ts'
import { containerOnVsphere } from '../labs/container/container-on-vsphere.ts'
import type { NativeGuest } from '../labs/container/native-guest.ts'
import { looksWhileDown } from '../labs/looks-while-down.ts'
import { labPaths } from '../labs/paths.ts'
import { runSnapshot, type SnapshotRun } from '../labs/snapshot-run.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'
import type { LabSimulator } from '../labs/vsphere/lab-simulator.ts'
import type { Rule } from '../labs/vsphere/simulator.ts'
import { waitFor } from '../labs/wait-for.ts'
import { WriteLoad } from '../labs/write-load.ts'

let guest: NativeGuest
let vsphere: LabSimulator
let cli: StillshotCli

before(async () => {
  guest = await containerGuest('vsphere')
  vsphere = await containerOnVsphere(guest)
  cli = await cliOnHypervisor(labPaths(), guest, vsphere.entry)
})

after(async () => {
  await vsphere?.close()
  await guest?.destroy()
})

const CREATE = 'CreateSnapshotEx_Task'

/** A run in which everything that was asked to go wrong does. */
async function snapshot(rules: readonly Rule[], meanwhile: () => Promise<void> = async () => {}): Promise<SnapshotRun> {
  const { simulator } = vsphere
  for (const rule of rules) await simulator.rule(rule)
  const running = runSnapshot(cli)
  await meanwhile()
  const run = await running
  assert.equal((await simulator.state()).rules, 0, run.text)
  return run
}

/** Resolves in the middle of the snapshot's task. */
async function taskBegun(): Promise<void> {
  const isUnderWay = async () => ((await vsphere.simulator.state()).underWay > 0 ? true : undefined)
  await waitFor(isUnderWay, { what: 'the task', timeoutMs: 120_000, everyMs: 100 })
}

/** What the disk with the data really holds: as many as vSphere's tree, if no more and no less was done. */
async function imagesOnDisk(): Promise<number> {
  const info = await runCommand('qemu-img', ['info', '-U', '--output=json', guest.diskPaths.vdb], { timeoutMs: 30_000 })
  return ((JSON.parse(info) as { snapshots?: readonly unknown[] }).snapshots ?? []).length
}

function assertClean({ status, points, text }: SnapshotRun): void {
  assert.equal(status, 0, text)
  assert.deepEqual([points[0]?.grade, points[0]?.reasons], ['db-stopped', []], text)
}

test('a snapshot under a write load is db-stopped, and a restore brings every acknowledged row back', async () => {
  const load = await WriteLoad.start(guest)
  const beganMs = performance.now()
  const run = await snapshot([])
  await load.stop()
  assertClean(run)
  const { lastBefore } = load.longestGap(beganMs)
  await guest.sql('DROP DATABASE shop')
  await cli.json('restore', cli.vm, '--point', run.points[0]?.id ?? '', '--yes', '--no-safety-snapshot')
  assert.deepEqual(await load.lost(lastBefore), [])
})

test('the connection is cut after the work: one snapshot, and no second one', async () => {
  const [{ tasks }, images] = [await vsphere.simulator.state(), await imagesOnDisk()]
  assertClean(await snapshot([{ method: CREATE, where: 'after' }]))
  assert.equal((await vsphere.simulator.state()).tasks[CREATE], (tasks[CREATE] ?? 0) + 1)
  assert.equal(await imagesOnDisk(), images + 1)
})

test('the database is not started before the end of a task that takes long', async () => {
  let looks = 0
  const run = await snapshot([{ method: CREATE, delayMs: 12_000 }], async () => {
    await taskBegun()
    looks = await looksWhileDown(guest, async () => (await vsphere.simulator.state()).underWay > 0)
  })
  assertClean(run)
  assert.ok(looks > 5)
})

test('the session expires before the snapshot is asked for and again in the middle of its task: nothing is lost', async () => {
  const [{ tasks }, images] = [await vsphere.simulator.state(), await imagesOnDisk()]
  const rules: readonly Rule[] = [
    { method: CREATE, where: 'call', fault: 'NotAuthenticated' },
    { method: CREATE, delayMs: 3_000 },
  ]
  const run = await snapshot(rules, async () => {
    await taskBegun()
    await vsphere.simulator.expire()
  })
  assertClean(run)
  assert.equal((await vsphere.simulator.state()).tasks[CREATE], (tasks[CREATE] ?? 0) + 1)
  assert.equal(await imagesOnDisk(), images + 1)
})

test('the task fails with a full datastore: the database is back, no snapshot is left, the message says what is full', async () => {
  const images = await imagesOnDisk()
  const { status, points, text } = await snapshot([{ method: CREATE, where: 'task', fault: 'NoDiskSpace' }])
  assert.notEqual(status, 0)
  assert.deepEqual(points, [], text)
  assert.match(text, /NoDiskSpace/)
  assert.equal(await guest.sql('SELECT 1'), '1')
  assert.equal(await imagesOnDisk(), images)
})
