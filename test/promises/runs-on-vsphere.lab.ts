// runs beside other labs
// time limit: 1200 s
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { RecoverReport } from '../../src/coordinator/recover-runs.ts'
import type { DrillReport } from '../../src/coordinator/run-drill.ts'
import { cliOnHypervisor } from '../labs/cli-on-hypervisor.ts'
import { containerGuest } from '../labs/container/container-guest.ts'
import { containerOnVsphere } from '../labs/container/container-on-vsphere.ts'
import type { NativeGuest } from '../labs/container/native-guest.ts'
import { labPaths } from '../labs/paths.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'
import { TOOLS_PASSWORD } from '../labs/vsphere/lab-simulator.ts'
import { waitFor } from '../labs/wait-for.ts'
import type { PointsDocument } from './subject.ts'

/** Every verb as a user types it, on a simulated vCenter whose VM is a real guest. */
let guest: NativeGuest
let vsphere: Awaited<ReturnType<typeof containerOnVsphere>>
let cli: StillshotCli

before(async () => {
  guest = await containerGuest('runs-vc')
  vsphere = await containerOnVsphere(guest)
  const tools = `    tools: { user: ${guest.user}, password: "file:tools" }\n`
  const drill = '    drill: { assert: ["SELECT COUNT(*) = 3 FROM shop.orders"] }\n'
  const policy = `policies:\n  nightly: { select: { vms: [${guest.name}] }, schedule: "0 2 * * *", keep: { last: 1 } }\n`
  cli = await cliOnHypervisor({ folder: labPaths().folder }, guest, vsphere.entry, {
    vmMore: tools + drill,
    more: policy,
  })
  await tell(TOOLS_PASSWORD)
  await vsphere.simulator.set({ vm: guest.name, toolsRunning: true })
  await guest.sql(
    'CREATE DATABASE shop; CREATE TABLE shop.orders (a INT PRIMARY KEY); INSERT INTO shop.orders VALUES (1), (2), (3)',
  )
})

after(async () => {
  await vsphere?.close()
  await guest?.destroy()
})

/** The password of the guest's user, as the configuration has it. */
function tell(password: string): Promise<void> {
  return writeFile(join(cli.folder, 'tools'), password, { mode: 0o600 })
}

async function snapshot(...words: readonly string[]): Promise<RestorePoint> {
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm, ...words)
  const [point] = points
  assert.ok(point)
  return point
}

async function drill(point: RestorePoint): Promise<{ status: number | null; report: DrillReport }> {
  const { status, stdout, stderr } = await cli.run('--json', 'drill', point.id)
  assert.match(stdout, /"findings"/, stdout + stderr)
  return { status, report: JSON.parse(stdout) }
}

function copies(): readonly string[] {
  return [...vsphere.machines.keys()].filter((name) => name !== guest.name)
}

const rows = () => guest.sql('SELECT COUNT(*) FROM shop.orders')

let good: RestorePoint

test('check finds nothing that a run would be refused for', async () => {
  const { reports } = await cli.json<{ reports: readonly { ok: boolean }[] }>('check', cli.vm)
  assert.deepEqual(
    reports.map(({ ok }) => ok),
    [true],
  )
})

test('a snapshot is db-stopped, listed and shown', async () => {
  good = await snapshot('--note', 'before the change')
  assert.deepEqual([good.grade, good.reasons], ['db-stopped', []])
  const { points } = await cli.json<PointsDocument>('list')
  assert.deepEqual(
    points.map(({ id, note }) => [id, note]),
    [[good.id, 'before the change']],
  )
  const shown = await cli.run('show', good.id)
  assert.equal(shown.status, 0)
  assert.match(shown.stdout, /govc snapshot\.revert/)
})

test('a drill of it passes in a copy without a network, reached through VMware Tools alone', async () => {
  await guest.sql('DELETE FROM shop.orders')
  const { status, report } = await drill(good)
  assert.equal(report.drill?.result, 'passed', JSON.stringify(report.findings))
  assert.equal(status, 0)
  const codes = report.findings.filter(({ verdict }) => verdict === 'proven').map(({ code }) => code)
  for (const code of ['marker-read', 'no-recovery-lines', 'tables-good', 'assertion-true', 'end-of-log-equal']) {
    assert.ok(codes.includes(code), `${code}: ${JSON.stringify(report.findings)}`)
  }
  assert.deepEqual(copies(), [])
  assert.equal(await rows(), '0', 'the machine itself goes on')
})

test('a login that VMware Tools refuse is told before a copy is made', async () => {
  const { calls } = await vsphere.simulator.state()
  await tell('another one')
  const { status, stdout } = await cli.run('--json', 'drill', good.id)
  await tell(TOOLS_PASSWORD)
  assert.equal(status, 32, stdout)
  assert.match(stdout, /tools:/)
  assert.equal((await vsphere.simulator.state()).calls.CloneVM_Task, calls.CloneVM_Task)
})

test('a restore brings the rows back, and can be undone', async () => {
  await cli.json('restore', cli.vm, '--point', good.id, '--yes')
  assert.equal(await rows(), '3')
  await cli.json('restore', cli.vm, '--undo', '--yes')
  assert.equal(await rows(), '0')
  await cli.json('restore', cli.vm, '--point', good.id, '--yes')
  assert.equal(await rows(), '3')
})

test('kill -9 while the copy of a drill runs: recover leaves none, and the machine is as it was', async () => {
  const child = cli.spawn('drill', good.id)
  const isRunning = async () => {
    const [name] = copies()
    const copy = name === undefined ? undefined : vsphere.machines.get(name)
    return (await copy?.machine.running()) === true ? true : undefined
  }
  await waitFor(isRunning, { what: 'the copy to run', timeoutMs: 240_000, everyMs: 50 })
  child.kill('SIGKILL')
  await once(child, 'close')
  const { settled } = await cli.json<RecoverReport>('recover')
  assert.deepEqual(
    settled.map(({ procedure, outcome }) => [procedure, outcome]),
    [['drill', 'recovered']],
  )
  assert.deepEqual(copies(), [])
  assert.equal(await rows(), '3')
})

test('kill -9 in the middle of a snapshot’s task: recover starts the database and leaves no snapshot', async () => {
  const before = (await cli.json<PointsDocument>('list')).points.length
  await vsphere.simulator.rule({ method: 'CreateSnapshotEx_Task', delayMs: 4_000 })
  const child = cli.spawn('snapshot', cli.vm)
  const isUnderWay = async () => ((await vsphere.simulator.state()).underWay > 0 ? true : undefined)
  await waitFor(isUnderWay, { what: 'the task', timeoutMs: 120_000, everyMs: 50 })
  child.kill('SIGKILL')
  await once(child, 'close')
  const { settled } = await cli.json<RecoverReport>('recover')
  assert.deepEqual(
    settled.map(({ procedure, outcome }) => [procedure, outcome]),
    [['take-snapshot', 'recovered']],
  )
  assert.equal(await rows(), '3')
  assert.equal((await cli.json<PointsDocument>('list')).points.length, before)
})

test('mode freeze without the hook: VMware Tools freeze the file systems, and that is what the grade says', async () => {
  const { mode, grade, reasons } = await snapshot('--mode', 'freeze')
  assert.deepEqual([mode, grade, reasons], ['freeze', 'fs-frozen', []])
  assert.equal(await rows(), '3')
})

test('mode freeze with the hook: what it did in the guest is the evidence, and the point is db-stopped', async () => {
  // A guest of vSphere: it has Tools, and no agent of QEMU's that a hook could be for.
  await guest.run('mkdir -p /etc/vmware-tools && chmod 0644 "$(command -v qemu-ga)"')
  await cli.installHelper(guest, '--freeze-hook')
  const stopped = await guest.run('systemctl show --value --property=InvocationID mariadb')
  const { mode, grade, reasons } = await snapshot('--mode', 'freeze')
  assert.deepEqual([mode, grade, reasons], ['freeze', 'db-stopped', []])
  assert.notEqual(await guest.run('systemctl show --value --property=InvocationID mariadb'), stopped)
  assert.equal(await rows(), '3')
})

test('mode freeze where VMware Tools do not run is refused, and nothing is taken', async () => {
  await vsphere.simulator.set({ vm: guest.name, toolsRunning: false })
  const { tasks } = await vsphere.simulator.state()
  const { status, stdout } = await cli.run('--json', 'snapshot', cli.vm, '--mode', 'freeze')
  await vsphere.simulator.set({ vm: guest.name, toolsRunning: true })
  assert.notEqual(status, 0, stdout)
  assert.deepEqual((await vsphere.simulator.state()).tasks, tasks)
})

test('prune keeps the last point and the newest that passed a drill, and removes the others in vSphere, too', async () => {
  const newest = await snapshot()
  const { status, stdout } = await cli.run('--json', 'prune', cli.vm, '--yes')
  assert.equal(status, 0, stdout)
  const { points } = await cli.json<PointsDocument>('list')
  const ids = points.map(({ id }) => id)
  assert.ok(ids.includes(newest.id) && ids.includes(good.id), JSON.stringify(ids))
  assert.match(stdout, /"outcome": "removed"/)
})
