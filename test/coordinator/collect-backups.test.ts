import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectFreezes } from '../../src/coordinator/collect-freezes.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Backup } from '../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../src/system/instant.ts'
import { FreezingGuest } from '../world/freezing-guest.ts'
import { makeWorld } from '../world/world.ts'

/** A world whose hypervisor makes backups of its own. */
function makeBackingUpWorld() {
  const world = makeWorld({}, { backups: true })
  const guest = new FreezingGuest(world)
  const { signal } = new AbortController()
  return {
    ...world,
    freezing: guest,
    /** A job began now; its archive is listed when `list` is called. */
    begin(name: string, more: Partial<Backup> = {}) {
      const createdAt = formatInstant(world.clock.now())
      const list = () => {
        world.hypervisor.state('db1').backups.push({ name, createdAt, disks: ['vda'], freezes: true, ...more })
      }
      return { list }
    },
    collect: () => collectFreezes(guest.ports, world.settings, { signal }),
  }
}

test('a freeze waits for the archive of its backup, for hours, and gives it its grade', async () => {
  const { freezing, begin, collect, catalog, pass, ports, settings } = makeBackingUpWorld()
  const backup = begin('nas:backup/vzdump-qemu-100.vma.zst')
  await pass(4_000)
  const id = await freezing.frozen({ during: () => pass(1_000) })
  await pass(3 * 3_600_000)
  assert.equal((await collect()).freezes[0]?.outcome, 'waits')
  backup.list()
  const { freezes } = await collect()
  assert.deepEqual(
    freezes.map(({ outcome, grade, snapshot }) => [outcome, grade, snapshot]),
    [['point', 'db-stopped', 'nas:backup/vzdump-qemu-100.vma.zst']],
  )
  const [point] = await catalog.points()
  assert.deepEqual([point?.id, point?.kind, point?.reasons, freezing.kept.size], [id, 'backup', [], 0])
  const order = { pointId: id, safetySnapshot: false, dryRun: true, signal: new AbortController().signal }
  await assert.rejects(restoreSnapshot(ports, settings, order), { code: 'not-supported', hint: /qmrestore/ })
})

test('a point of a backup stays when its archive is pruned, and is none of another freeze', async () => {
  const { freezing, begin, collect, catalog, pass, hypervisor } = makeBackingUpWorld()
  const backup = begin('archive')
  await freezing.frozen({})
  await pass(60_000)
  backup.list()
  await collect()
  await freezing.frozen({})
  hypervisor.state('db1').backups.length = 0
  await pass(13 * 3_600_000)
  assert.equal((await collect()).freezes[0]?.outcome, 'hold')
  assert.equal((await catalog.points()).length, 1)
})

test('a snapshot and a backup of the same time are neither of them graded', async () => {
  const { freezing, begin, collect, catalog, pass, hypervisor } = makeBackingUpWorld()
  begin('archive').list()
  const take = async () =>
    hypervisor.createSnapshot(await hypervisor.findVm('db1'), { name: 'nightly', description: '' })
  await freezing.frozen({ during: take })
  await pass(60_000)
  const { freezes } = await collect()
  assert.equal(freezes[0]?.outcome, 'hold')
  assert.match(freezes[0]?.message ?? '', /2 snapshots or backups .*nightly, archive/)
  assert.deepEqual(await catalog.points(), [])
})

test('a backup that two freezes may have been for, and one whose job does not freeze, are crash-only at best', async () => {
  const twice = makeBackingUpWorld()
  twice.begin('archive').list()
  await twice.freezing.frozen({})
  await twice.freezing.frozen({})
  await twice.pass(60_000)
  await twice.collect()
  const silent = makeBackingUpWorld()
  silent.begin('archive', { freezes: false }).list()
  await silent.freezing.frozen({})
  await silent.pass(60_000)
  await silent.collect()
  for (const { catalog } of [twice, silent]) {
    const [point] = await catalog.points()
    assert.deepEqual([point?.grade, point?.reasons[0]?.code], ['crash-only', 'freeze-ambiguous'])
  }
})

test('a backup without the disk of the data is not db-stopped', async () => {
  const { freezing, begin, collect, pass } = makeBackingUpWorld()
  begin('archive', { disks: ['vdb'] }).list()
  await freezing.frozen({})
  await pass(60_000)
  const { grade } = (await collect()).freezes[0] ?? {}
  assert.ok(grade === 'crash-only' || grade === 'suspect', grade)
})

test('where no storage for backups may be seen, a freeze is a hold after minutes; where nobody answers, it stays', async () => {
  const { freezing, collect, pass, hypervisor } = makeBackingUpWorld()
  await freezing.frozen({})
  await pass(1_200_000)
  hypervisor.breakNext({ call: 'listBackups', kind: 'fail' })
  await assert.rejects(collect(), { code: 'hypervisor-unreachable' })
  assert.equal(freezing.kept.size, 1)
  const error = new StillshotError('hypervisor-refused', 'no storage for backups may be seen')
  hypervisor.breakNext({ call: 'listBackups', kind: 'fail', error })
  assert.equal((await collect()).freezes[0]?.outcome, 'hold')
  assert.equal(freezing.kept.size, 0)
})
