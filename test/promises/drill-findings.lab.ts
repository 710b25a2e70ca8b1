// runs natively
// time limit: 1200 s
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { VsphereHypervisor } from '../../adapters/hypervisors/vsphere/vsphere-hypervisor.ts'
import { NodeClock } from '../../adapters/system/node-clock.ts'
import { nodeSystem } from '../../adapters/system/node-system.ts'
import type { Catalog, RestorePoint } from '../../src/catalog/catalog.ts'
import type { DrillReport } from '../../src/coordinator/run-drill.ts'
import { cliOnHypervisor } from '../labs/cli-on-hypervisor.ts'
import { containerGuest } from '../labs/container/container-guest.ts'
import { containerOnVsphere } from '../labs/container/container-on-vsphere.ts'
import type { NativeGuest } from '../labs/container/native-guest.ts'
import { labPaths } from '../labs/paths.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'
import { type LabSimulator, TOOLS_PASSWORD } from '../labs/vsphere/lab-simulator.ts'
import { PASSWORD, USERNAME } from '../labs/vsphere/simulator.ts'
import type { PointsDocument } from './subject.ts'

/**
 * Points that look fine from outside, each with something wrong in it that only a start of its copy shows. Copies by libvirt are in
 * drill.lab.ts.
 */
let guest: NativeGuest
let vsphere: LabSimulator
let cli: StillshotCli
/** As the catalog has it: of a machine whose database stood still. */
let good: RestorePoint
before(async () => {
  guest = await containerGuest('drill-findings')
  vsphere = await containerOnVsphere(guest)
  const vmMore = `    tools: { user: ${guest.user}, password: "file:tools" }\n`
  cli = await cliOnHypervisor({ folder: labPaths().folder }, guest, vsphere.entry, { vmMore })
  await writeFile(join(cli.folder, 'tools'), TOOLS_PASSWORD, { mode: 0o600 })
  await vsphere.simulator.set({ vm: guest.name, toolsRunning: true })
  await guest.sql('CREATE DATABASE shop; CREATE TABLE shop.t (a INT PRIMARY KEY); INSERT INTO shop.t VALUES (1)')
  good = await snapshot()
})
after(async () => {
  await vsphere?.close()
  await guest?.destroy()
})

async function snapshot(): Promise<RestorePoint> {
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm)
  const point = await inCatalog((catalog) => catalog.point(points[0]?.id ?? ''))
  assert.equal(point?.grade, 'db-stopped', JSON.stringify(point?.reasons))
  return point
}

async function inCatalog<T>(work: (catalog: Catalog) => Promise<T>): Promise<T> {
  const path = `${cli.stateDirectory}/catalog.sqlite`
  const catalog = await openSqliteCatalog({ path, clock: nodeSystem().clock })
  try {
    return await work(catalog)
  } finally {
    await catalog.close()
  }
}

/** The catalog says what is true of the good point, but for this. */
async function claim(more: Partial<RestorePoint>): Promise<string> {
  const point = { ...good, ...more }
  await inCatalog((catalog) => catalog.savePoint(point))
  return point.id
}

/** As anybody takes one: nothing is held for it. */
async function snapshotByHand(name: string): Promise<void> {
  const { url, authorityPath } = vsphere.simulator
  const login = { username: USERNAME, password: async () => PASSWORD }
  const hypervisor = new VsphereHypervisor({ name: 'vc', url, authorityPath, login, clock: new NodeClock() })
  try {
    await hypervisor.createSnapshot(await hypervisor.findVm(guest.name), { name, description: '' })
  } finally {
    await hypervisor.close()
  }
}

/** Codes of what spoke against the data. */
async function found(id: string): Promise<readonly string[]> {
  const { status, stdout, stderr } = await cli.run('--json', 'drill', id)
  assert.match(stdout, /"findings"/, stdout + stderr)
  const { drill, findings, point } = JSON.parse(stdout) as DrillReport
  assert.equal(drill?.result, 'failed', JSON.stringify(findings))
  assert.deepEqual([status, point.grade], [47, 'suspect'])
  return findings.filter(({ verdict }) => verdict === 'contradicted').map(({ code }) => code)
}

test('an unclean stop: the server of the copy recovers, which its grade says that it need not', async () => {
  await guest.sql('INSERT INTO shop.t SELECT seq FROM shop.seq_2_to_20000')
  await snapshotByHand('unclean')
  // Its marker is that of the point, so only the start of its server tells.
  assert.deepEqual(await found(await claim({ snapshot: 'unclean' })), ['recovered'])
})

test('the marker of another run', async () => {
  const id = '01KB00000000000000000000A2'
  assert.deepEqual(await found(await claim({ id, run: id })), ['other-marker'])
})

test('a table that was destroyed before the snapshot fails it by its name, and the point is suspect in the catalog, too', async () => {
  await guest.sql('CREATE DATABASE old; CREATE TABLE old.t (a INT PRIMARY KEY); INSERT INTO old.t VALUES (1)')
  await guest.run('rm /var/lib/mysql/old/t.ibd')
  const point = await snapshot()
  const { status, stdout } = await cli.run('--json', 'drill', point.id)
  const { drill } = JSON.parse(stdout) as DrillReport
  assert.deepEqual([status, drill?.result], [47, 'failed'], stdout)
  assert.match(JSON.stringify(drill?.reasons), /old\.t/)
  const { points } = await cli.json<PointsDocument>('list')
  assert.equal(points.find(({ id }) => id === point.id)?.grade, 'suspect')
  await guest.sql('DROP DATABASE old')
  // What is snapshotted by hand from here on has the marker of this guest's last run.
  good = await snapshot()
})

test('data that the snapshot does not cover', async () => {
  // In memory, as on any disk that no snapshot contains; the copy has the empty folder that it was mounted on.
  const folder = '/var/lib/mysql/shop'
  await guest.run(
    [
      `systemctl stop mariadb; mkdir /srv/ram; mount -t tmpfs -o size=64m none /srv/ram; cp -a ${folder}/. /srv/ram/`,
      `find ${folder} -mindepth 1 -delete; chown mysql:mysql /srv/ram; mount --bind /srv/ram ${folder}`,
      'systemctl start mariadb; mariadb -e "SELECT COUNT(*) FROM shop.t"; systemctl stop mariadb; sync',
    ].join('; '),
    { timeoutMs: 300_000 },
  )
  await snapshotByHand('uncovered')
  const codes = await found(await claim({ snapshot: 'uncovered' }))
  assert.ok(codes.includes('damage-said'), codes.join())
  assert.ok(!codes.includes('other-marker'), 'its marker is that of the point')
})
