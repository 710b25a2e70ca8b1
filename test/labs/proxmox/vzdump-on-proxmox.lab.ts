// runs natively
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { containerGuest } from '../container/container-guest.ts'
import { containerOnProxmox } from '../container/container-on-proxmox.ts'
import type { NativeGuest } from '../container/native-guest.ts'
import type { NativeMachine } from '../container/native-machine.ts'
import { labPaths } from '../paths.ts'
import type { StillshotCli } from '../stillshot-cli.ts'
import { cliOnStandIn } from './cli-on-stand-in.ts'
import type { LabStandIn } from './lab-stand-in.ts'
import { installScript } from './vzdump/install-script.ts'
import type { BackedUpGuest, VzdumpJob } from './vzdump/job.ts'
import { runVzdump, startVzdump } from './vzdump/run-vzdump.ts'

/** Longer than any outage of the lab's guest. */
const ARCHIVE_MS = 90_000
const SNAPSHOT = 'point-in-time'

let guest: NativeGuest
let pve: LabStandIn
let cli: StillshotCli
let machine: NativeMachine
const disks = ['virtio0', 'virtio1']
let root: string

before(async () => {
  guest = await containerGuest('pve-vzdump')
  const before = await containerOnProxmox(guest)
  pve = before
  machine = before.machine
  cli = await cliOnStandIn(labPaths(), guest, pve)
  root = join(cli.folder, 'host')
  await mkdir(root, { recursive: true })
  await installScript(cli, 'pve', root)
})

after(async () => {
  await pve?.close()
  await guest?.destroy()
})

function job(change: Partial<BackedUpGuest> = {}): VzdumpJob {
  const backedUp = disks.map((id) => ({ id, backup: true }))
  const about = { vmid: pve.vmid, type: 'qemu', mode: 'snapshot', disks: backedUp, point: 100, archiveMs: 100 } as const
  return { root, script: join(root, 'script'), storage: 'nas', guests: [{ ...about, ...change }] }
}

/** While Proxmox VE itself makes a backup, the VM is locked for it. */
async function locked<T>(work: () => Promise<T>): Promise<T> {
  pve.standIn.lock(pve.vmid, 'backup')
  return work().finally(() => pve.standIn.unlock(pve.vmid))
}

interface Listed {
  readonly points: readonly {
    id: string
    kind: string
    grade: string
    snapshot: string
    reasons: readonly unknown[]
    outage: { totalMs: number }
    evidence: { timing: { requestedAt: string; endedAt: string } }
  }[]
}

const isActive = async () => (await guest.try('systemctl is-active mariadb')).stdout.trim()

test('a backup holds a database that stands still at its point in time, and is back long before the archive is whole', async () => {
  await guest.sql('CREATE DATABASE kept; CREATE TABLE kept.t (a INT); INSERT INTO kept.t VALUES (1)')
  await locked(async () => {
    const running = await startVzdump(job({ point: 'ask', archiveMs: ARCHIVE_MS }))
    const point = await running.until('point')
    assert.equal(await isActive(), 'inactive')
    for (const disk of disks) await machine.snapshotDisk(disk, SNAPSHOT)
    running.goOn()
    await running.until('started')
    while ((await isActive()) !== 'active') assert.ok(running.events.every(({ event }) => event !== 'end'))
    await guest.sql('INSERT INTO kept.t VALUES (2)')
    assert.ok(
      running.events.every(({ event }) => event !== 'end'),
      'the archive is still being written',
    )
    const { status, log } = await running.ended
    assert.equal(status, 0, log)
    const [listed] = (await cli.json<Listed>('list')).points
    assert.deepEqual([listed?.kind, listed?.grade, listed?.reasons], ['backup', 'db-stopped', []], log)
    assert.match(listed?.snapshot ?? '', /^nas:backup\/vzdump-qemu-100-.*\.vma\.zst$/)
    const { requestedAt, endedAt } = listed?.evidence.timing ?? { requestedAt: '', endedAt: '' }
    assert.ok(Date.parse(requestedAt) <= point.at && point.at <= Date.parse(endedAt), `${requestedAt} ${endedAt}`)
    const outage = listed?.outage.totalMs ?? Number.NaN
    assert.ok(outage < ARCHIVE_MS, `${outage}`)
    process.stdout.write(`outage ${outage} ms, archive ${ARCHIVE_MS} ms\n`)
  })
  const tested = await cli.run('hook', 'test', guest.name)
  assert.equal(tested.status, 0, tested.stdout)
  assert.match(tested.stdout, /the point in time lies inside the hold/)
})

test('a backup that leaves a disk of the data out is refused, and nothing was stopped', async () => {
  const since = await guest.run('systemctl show -p ActiveEnterTimestampMonotonic mariadb')
  const backedUp = disks.map((id) => ({ id, backup: false }))
  const { status, log } = await locked(() => runVzdump(job({ disks: [...backedUp, { id: 'virtio9', backup: true }] })))
  assert.equal(status, 255)
  assert.match(log, /stillshot: VM 100: preflight-refused .*the backup leaves it out \(backup=0\)/)
  assert.deepEqual(await guest.run('systemctl show -p ActiveEnterTimestampMonotonic mariadb'), since)
})

test('a backup that fails before its point in time gives the database back, and is no restore point', async () => {
  const before = (await cli.json<Listed>('list')).points.length
  const { status, log } = await locked(() => runVzdump(job({ fails: 'before-point' })))
  assert.equal(status, 255)
  assert.match(log, /stillshot: VM 100: nothing is held for this backup any more/)
  assert.equal(await guest.sql('SELECT 1'), '1')
  assert.equal((await cli.json<Listed>('list')).points.length, before)
})

test('what the backup holds comes up without recovery, with what was written before and nothing of what came later', async () => {
  await machine.stop()
  for (const disk of disks) await machine.rollBackDisk(disk, SNAPSHOT)
  await machine.start()
  await guest.ready()
  assert.equal(await guest.sql('SELECT a FROM kept.t'), '1')
  const log = await guest.run('cat /var/log/mysql/error.log')
  const stdout = log.slice(log.lastIndexOf('Starting MariaDB'))
  assert.match(stdout, /ready for connections/)
  assert.doesNotMatch(stdout, /crash recovery/i)
})
