import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackupJob } from '../../src/coordinator/backup-job.ts'
import { dropBackup, finishBackup, recordUnheldBackup } from '../../src/coordinator/finish-backup.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import { makeWorld, type World } from '../world/world.ts'
import { backUp, codeOf, modelJob, TIMES } from './backup-world.ts'

/** Whatever happened, this holds afterwards. */
async function assertQuiet(world: World, { points }: { points: number }): Promise<void> {
  assert.equal(world.guest.facts.running, true, 'the server runs')
  assert.deepEqual(world.guest.openHolds, [], 'no hold is open')
  assert.deepEqual(await world.catalog.locks(), [], 'no lock is left')
  assert.deepEqual(world.snapshotNames(), [], 'no snapshot was taken')
  assert.equal((await world.catalog.points()).length, points)
}

const never = () => new AbortController().signal

describe('a backup that the hypervisor makes', () => {
  test('begins when the server stands still, and is no restore point to rely on before its archive is whole', async () => {
    const world = makeWorld({ drainMs: 2_000 })
    const { job, seen } = modelJob(world)
    const point = await backUp(world, { job })
    assert.equal(seen.runningAtPoint, false)
    assert.equal(seen.run, point.id)
    assert.deepEqual([point.kind, point.grade, point.reasons[0]?.code], ['backup', 'suspect', 'backup-unfinished'])
    await assertQuiet(world, { points: 1 })
  })

  test('is db-stopped once its log shows the point in time inside the hold, and again the same', async () => {
    const world = makeWorld()
    const { id } = await backUp(world)
    const done = { archive: 'nas:backup/x.vma.zst', times: TIMES }
    const point = await finishBackup(world.ports, world.settings, id, done)
    assert.deepEqual([point.grade, point.reasons, point.snapshot], ['db-stopped', [], 'nas:backup/x.vma.zst'])
    assert.deepEqual(await finishBackup(world.ports, world.settings, id, { times: {} }), point)
    assert.equal(await dropBackup(world.ports, world.settings, id), 'kept')
    assert.deepEqual(await world.catalog.point(id), point)
  })

  test('costs an outage that does not know how long the archive takes', async () => {
    const world = makeWorld()
    const { outage } = await backUp(world, { startsAfterMs: 700 })
    assert.ok(outage !== undefined && outage.snapshotMs >= 700 && outage.snapshotMs < 1_000, JSON.stringify(outage))
  })

  const late = { ...TIMES, loggedAt: '2026-11-27 02:30:13' }
  const early = { ...TIMES, loggedAt: '2026-11-27 02:30:06' }
  const { loggedAt: _, ...untold } = TIMES
  for (const [what, times, grade, code] of [
    ['after everything ran again', late, 'crash-only', 'log-outside-hold'],
    ['before the guest stood still', early, 'crash-only', 'log-outside-hold'],
    ['at a time that nobody told', untold, 'suspect', 'log-without-times'],
    ['at a time that is none', { ...TIMES, loggedAt: '9999' }, 'suspect', 'log-without-times'],
  ] as const) {
    test(`is ${grade} when its log puts the point in time ${what}`, async () => {
      const world = makeWorld()
      const { id } = await backUp(world)
      const point = await finishBackup(world.ports, world.settings, id, { times })
      assert.deepEqual([point.grade, point.reasons[0]?.code], [grade, code])
    })
  }

  test('that leaves a disk of the data out is refused before anything stops, though a snapshot would hold it', async () => {
    const world = makeWorld()
    const error = await backUp(world, { disks: ['vdb'] }).catch((thrown: StillshotError) => thrown)
    assert.ok(error instanceof StillshotError)
    assert.equal(error.code, 'preflight-refused')
    assert.match(error.message, /vda .* the backup leaves it out \(backup=0\)/)
    assert.deepEqual(world.guest.asked, ['probe'])
    await assertQuiet(world, { points: 0 })
  })

  test('does not ask whether a snapshot could be taken: the VM is locked for the backup already', async () => {
    const world = makeWorld()
    await backUp(world)
    assert.equal(world.hypervisor.calls.includes('checkSnapshot'), false)
  })

  const given: Readonly<Record<string, (world: World) => { job: BackupJob; signal?: AbortSignal; code: string }>> = {
    'is given up': (world) => ({
      job: {
        ...modelJob(world).job,
        async started() {
          throw new StillshotError('backup-lost', 'given up')
        },
      },
      code: 'backup-lost',
    }),
    'never starts': (world) => ({ job: modelJob(world, { startsAfterMs: 3_600_000 }).job, code: 'hold-expired' }),
    'is cancelled': (world) => {
      const controller = new AbortController()
      const job: BackupJob = {
        ...modelJob(world, { startsAfterMs: 3_600_000 }).job,
        goOn: () => controller.abort(new StillshotError('cancelled', 'SIGHUP')),
      }
      return { job, signal: controller.signal, code: 'cancelled' }
    },
  }
  for (const [what, arrange] of Object.entries(given)) {
    test(`that ${what} gives the database back, within the time to live, and is no restore point`, async () => {
      const world = makeWorld()
      const { job, signal, code } = arrange(world)
      assert.equal(await backUp(world, { job, ...(signal === undefined ? {} : { signal }) }).catch(codeOf), code)
      const [down = 0] = world.guest.downAt
      const [up = 0] = world.guest.upAt
      assert.ok(up > down && up - down <= world.settings.holdTtlMs, `${down} to ${up}`)
      await assertQuiet(world, { points: 0 })
    })
  }

  test('is not begun when the stop has used up the time to live', async () => {
    const world = makeWorld()
    world.guest.faults.stopMs = world.settings.holdTtlMs - 1_000
    const { job, seen } = modelJob(world)
    assert.equal(await backUp(world, { job }).catch(codeOf), 'hold-expired')
    assert.equal(seen.run, undefined)
    await assertQuiet(world, { points: 0 })
  })

  test('whose process dies is settled by recover, with the database up', async () => {
    const world = makeWorld()
    const { job } = modelJob(world, { startsAfterMs: 3_600_000_000 })
    void backUp(world, { job: { ...job, started: () => new Promise(() => {}) } }).catch(() => {})
    await world.pass(5_000)
    assert.equal(world.guest.facts.running, false)
    const { settled } = await world.recover()
    assert.deepEqual([settled[0]?.procedure, settled[0]?.outcome], ['hold-for-backup', 'recovered'])
    await assertQuiet(world, { points: 0 })
  })

  test('that failed after it had started leaves no restore point', async () => {
    const world = makeWorld()
    const { id } = await backUp(world)
    assert.equal(await dropBackup(world.ports, world.settings, id), 'dropped')
    assert.equal(await dropBackup(world.ports, world.settings, id), 'dropped')
    await assertQuiet(world, { points: 0 })
  })

  test('of another VM, or what is no backup, is neither finished nor dropped', async () => {
    const world = makeWorld()
    const snapshot = await world.snapshot()
    const { id } = await backUp(world)
    const other = { ...world.settings, name: 'db2' }
    for (const [settings, point] of [
      [world.settings, snapshot.id],
      [other, id],
      [world.settings, id.slice(0, 20)],
    ] as const) {
      assert.equal(await finishBackup(world.ports, settings, point, { times: TIMES }).catch(codeOf), 'point-not-found')
      assert.equal(await dropBackup(world.ports, settings, point).catch(codeOf), 'point-not-found')
    }
    assert.equal((await world.catalog.points()).length, 2)
  })

  test('that went on without a hold is crash-only, and suspect when it leaves a disk out', async () => {
    const world = makeWorld()
    const order = { archive: 'nas:backup/x', signal: never() }
    const whole = await recordUnheldBackup(world.ports, world.settings, { ...order, facts: { disks: ['vda'] } })
    assert.deepEqual([whole.grade, whole.reasons[0]?.code, whole.mode], ['crash-only', 'not-held', 'none'])
    const part = await recordUnheldBackup(world.ports, world.settings, { ...order, facts: { disks: [] } })
    assert.equal(part.grade, 'suspect')
  })

  test('is not rolled back to: the hypervisor unpacks its archive', async () => {
    const world = makeWorld()
    const { id } = await backUp(world)
    await finishBackup(world.ports, world.settings, id, { times: TIMES })
    const order = { pointId: id, safetySnapshot: true, dryRun: false, signal: never() }
    assert.equal(await restoreSnapshot(world.ports, world.settings, order).catch(codeOf), 'not-supported')
    const { pointId: __, ...newest } = order
    assert.equal(await restoreSnapshot(world.ports, world.settings, newest).catch(codeOf), 'point-not-found')
  })
})
