// time limit: 900 s
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { LibvirtHypervisor } from '../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { ListedCopy } from '../../src/coordinator/kept-copies.ts'
import type { RecoverReport } from '../../src/coordinator/recover-runs.ts'
import type { CopyReport } from '../../src/coordinator/restore-as.ts'
import { openSubject, type PointsDocument, type Subject } from './subject.ts'

/** Copies of a real machine that stay, reached by the real qemu-guest-agent and by nothing else. */
let subject: Subject
let hypervisor: LibvirtHypervisor
let point: RestorePoint
before(async () => {
  subject = await openSubject('restore-as')
  hypervisor = new LibvirtHypervisor({ name: 'lab', uri: subject.lab.uri })
  await subject.guest.sql(
    'CREATE DATABASE shop; CREATE TABLE shop.t (a INT PRIMARY KEY); INSERT INTO shop.t VALUES (1), (2)',
  )
  const { points } = await subject.cli.json<PointsDocument>('snapshot', subject.cli.vm)
  assert.ok(points[0])
  point = points[0]
  assert.equal(point.grade, 'db-stopped', JSON.stringify(point.reasons))
})
after(async () => {
  for (const copy of (await hypervisor?.clones.listKept()) ?? []) await hypervisor.clones.removeKept(copy)
  await hypervisor?.close()
  await subject?.guest.destroy()
})

async function kept(): Promise<readonly ListedCopy[]> {
  return (await subject.cli.json<{ copies: readonly ListedCopy[] }>('list', '--copies')).copies
}

/** What the copy's own server answers, by its agent. */
async function sqlIn(name: string, sql: string): Promise<string> {
  const { exitStatus, stdout, stderr } = await hypervisor.guestAgent.exec!(await hypervisor.findVm(name), {
    argv: ['/usr/bin/mariadb', '-N', '-B', '-e', sql],
  })
  assert.equal(exitStatus, 0, stderr)
  return stdout.trim()
}

test('after DROP DATABASE: a copy beside the machine has the rows, and the machine stays as it is', async () => {
  const { guest, cli, lab } = subject
  await guest.sql('DROP DATABASE shop')
  const plan = await cli.json<CopyReport>('restore', cli.vm, '--as', 'rescue', '--dry-run')
  assert.deepEqual([plan.copy, plan.plan.length, (await kept()).length], [null, 3, 0])
  const report = await cli.json<CopyReport>('restore', cli.vm, '--as', 'rescue')
  assert.equal(report.cameBack, true, JSON.stringify(report.findings))
  assert.deepEqual([report.copy?.name, report.copy?.snapshotName], ['rescue', point.snapshot])
  assert.equal(await sqlIn('rescue', 'SELECT COUNT(*) FROM shop.t'), '2')
  assert.equal(await guest.sql('SHOW DATABASES LIKE "shop"'), '')
  const xml = await lab.virsh(['dumpxml', 'rescue'])
  assert.equal(/<interface|<hostdev|<graphics/.test(xml), false, 'nothing leads out of it')
  assert.match(report.reach, /virsh -c \S+ console rescue/)
  const shown = await cli.run('list', '--copies')
  assert.match(shown.stdout, /rescue .*running/)
})

test('neither recover nor a removal of its snapshot touches it, under another name, and without the catalog', async () => {
  const { cli, lab } = subject
  const vm = await hypervisor.findVm(subject.guest.domain)
  await lab.virsh(['destroy', 'rescue'])
  await lab.virsh(['domrename', 'rescue', 'old-shop'])
  const { settled, snapshots } = await cli.json<RecoverReport>('recover')
  assert.deepEqual([settled, snapshots], [[], []])
  await assert.rejects(hypervisor.removeSnapshot(vm, point.snapshot), { code: 'snapshot-has-branches' })
  await rm(`${cli.stateDirectory}/catalog.sqlite`)
  assert.deepEqual(
    (await kept()).map(({ name, vm: of, power }) => [name, of, power]),
    [['old-shop', cli.vm, 'off']],
  )
  await cli.json('catalog', 'rebuild', cli.vm)
  await lab.virsh(['start', 'old-shop'])
})

test('of a machine that is off a copy is made as well; a name that is taken is refused before', async () => {
  const { cli, lab, guest } = subject
  const taken = await cli.run('--json', 'restore', cli.vm, '--point', point.id, '--as', 'old-shop')
  assert.match(taken.stdout, /there is a VM old-shop already/)
  await lab.virsh(['destroy', 'old-shop'])
  await lab.virsh(['destroy', guest.domain])
  const report = await cli.json<CopyReport>('restore', cli.vm, '--point', point.id, '--as', 'rescue')
  assert.equal(report.cameBack, true, JSON.stringify(report.findings))
  assert.equal(await sqlIn('rescue', 'SELECT COUNT(*) FROM shop.t'), '2')
  assert.equal((await lab.virsh(['domstate', guest.domain])).trim(), 'shut off')
})

test('each goes by its name, and nothing else does', async () => {
  const { cli, guest } = subject
  for (const wrong of [guest.domain, 'nothing']) {
    const refused = await cli.run('--json', 'restore', cli.vm, '--remove-copy', wrong, '--yes')
    assert.equal(refused.status, 58, refused.stdout)
  }
  await cli.json('restore', cli.vm, '--remove-copy', 'old-shop', '--yes')
  assert.deepEqual(
    (await kept()).map(({ name }) => name),
    ['rescue'],
  )
  await cli.json('restore', cli.vm, '--remove-copy', 'rescue', '--yes')
  assert.deepEqual(await kept(), [])
  const vm = await hypervisor.findVm(guest.domain)
  await hypervisor.removeSnapshot(vm, point.snapshot)
  assert.deepEqual(await hypervisor.listSnapshots(vm), [])
})
