// runs natively
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ContainerSubject, openContainerSubject } from '../container/container-subject.ts'
import { installScript } from './vzdump/install-script.ts'
import type { BackedUpGuest, VzdumpJob } from './vzdump/job.ts'
import { runVzdump, startVzdump } from './vzdump/run-vzdump.ts'

/** Backups of a container: its storage's snapshot lies between `pre-stop` and `pre-restart`. */

const GIB = 1024 ** 3
const MAPPED = '    disks: { /: rootfs, /srv/data: mp0 }'
const DISKS = ['rootfs', 'mp0'].map((id) => ({ id, backup: true }))

let subject: ContainerSubject
let root: string

before(async () => {
  const storages = [{ name: 'local', type: 'lvmthin', totalBytes: 100 * GIB, usedBytes: 20 * GIB }] as const
  subject = await openContainerSubject('vzdump-lxc', { looks: 'container', vmMore: MAPPED, standIn: { storages } })
  await subject.guest.run('install -d -o mysql -g mysql /srv/data/far')
  await subject.guest.sql("CREATE DATABASE kept; CREATE TABLE kept.far (a INT) DATA DIRECTORY = '/srv/data/far'")
  root = join(subject.cli.folder, 'host')
  await installScript(subject.cli, 'pve', root)
})

after(() => subject?.close())

const isActive = async () => (await subject.guest.try('systemctl is-active mariadb')).stdout.trim() === 'active'
const startedAt = () => subject.guest.run('systemctl show -p ActiveEnterTimestampMonotonic mariadb')

function job(change: Partial<BackedUpGuest> = {}): VzdumpJob {
  const about = {
    vmid: subject.pve.vmid,
    type: 'lxc',
    mode: 'snapshot',
    disks: DISKS,
    point: 'ask',
    archiveMs: 200,
  } as const
  return { root, script: join(root, 'script'), storage: 'nas', guests: [{ ...about, ...change }] }
}

interface Listed {
  readonly points: readonly { readonly kind: string; readonly grade: string; readonly reasons: readonly unknown[] }[]
}

test('in mode snapshot the database stands still at the snapshot of its storage, and is back before the archive', async () => {
  subject.pve.standIn.lock(subject.pve.vmid, 'backup')
  const running = await startVzdump(job())
  await running.until('point')
  assert.equal(await isActive(), false)
  running.goOn()
  const { status, log } = await running.ended
  subject.pve.standIn.unlock(subject.pve.vmid)
  assert.equal(status, 0, log)
  assert.equal(await isActive(), true)
  const [point] = (await subject.cli.json<Listed>('list')).points
  assert.deepEqual([point?.kind, point?.grade, point?.reasons], ['backup', 'db-stopped', []], log)
})

test('a mount point of the data that the backup leaves out is named, and nothing is stopped', async () => {
  const since = await startedAt()
  const disks = DISKS.map(({ id }) => ({ id, backup: id === 'rootfs' }))
  subject.pve.standIn.lock(subject.pve.vmid, 'backup')
  const { status, log } = await runVzdump(job({ disks, point: 0 }))
  subject.pve.standIn.unlock(subject.pve.vmid)
  assert.equal(status, 255, log)
  assert.match(log, /mp0 .*the backup leaves it out/)
  assert.equal(await startedAt(), since)
})

test('mode suspend is refused, for it has no moment to hold for; mode stop goes on without a hold', async () => {
  const since = await startedAt()
  const suspended = await runVzdump(job({ mode: 'suspend', point: 0 }))
  assert.match(suspended.log, /a backup in mode suspend has no moment to hold for/)
  assert.equal((await runVzdump(job({ mode: 'stop', point: 0 }))).status, 0)
  assert.equal(await startedAt(), since)
})
