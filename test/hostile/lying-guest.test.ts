import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { recoverRuns } from '../../src/coordinator/recover-runs.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { Grade } from '../../src/grade/grade.ts'
import type { HoldAnswer, ProbeAnswer, ReleaseAnswer } from '../../src/guest/protocol/answers.ts'
import { isSettled } from '../../src/saga/journal-event.ts'
import { readJournal } from '../../src/saga/read-journal.ts'
import { type Lie, type LyingWorld, lyingWorld, WHOLE_LIES } from './lying-guest.ts'
import { change, leaves } from './mutations.ts'
import { assertFromTable } from './table-error.ts'

const lie: fc.Arbitrary<Lie> = fc.record({
  verb: fc.constantFrom('probe', 'hold', 'hold', 'release', 'release', 'come-back', 'come-back'),
  from: fc.nat(2).map((count) => Math.max(0, count - 1)),
  times: fc.constantFrom(1, 1, 1, 1, 1, 1, 3, 3, 3, Number.POSITIVE_INFINITY),
  kind: fc.constantFrom('changes', 'changes', 'changes', 'changes', ...WHOLE_LIES),
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
})

async function take({ world }: LyingWorld): Promise<RestorePoint | undefined> {
  const signal = new AbortController().signal
  try {
    return await takeSnapshot(world.ports, world.settings, { mode: 'stop', signal })
  } catch (error) {
    assertFromTable(error)
    assert.equal(typeof error.details.run, 'string', 'the run is not named')
    const { point } = error.details
    // Not by the watchdog and by `recover` alone: what failed was taken back, or says that it was not.
    if (error.code !== 'undo-failed' && point === undefined) {
      assert.ok(world.guest.facts.running, 'the database is down')
      assert.deepEqual(world.snapshotNames(), [])
    }
    return point as RestorePoint | undefined
  }
}

/** Every fact that `db-stopped` stands on, read from the answers as they arrived and not from the proofs. */
function assertSaidSo({ world, arrived }: LyingWorld, { id }: RestorePoint): void {
  const probe = arrived.get('probe') as ProbeAnswer
  const hold = arrived.get('hold') as HoldAnswer
  const release = arrived.get('release') as ReleaseAnswer
  const { facts } = world.guest
  assert.deepEqual([hold.hold, release.hold, hold.verb, release.verb], [id, id, 'hold', 'release'])
  assert.equal(probe.uuid?.toLowerCase(), facts.uuid)
  assert.deepEqual([hold.uuid, hold.bootId, release.uuid], [probe.uuid, probe.bootId, probe.uuid])
  assert.equal(release.bootId, hold.bootId)
  assert.equal(hold.ok && hold.synced && hold.watchdogArmed, true)
  assert.ok(hold.markers.length > 0 && hold.markers.every(({ written, path }) => written || path === ''))
  assert.equal(hold.dbms?.unit.Result, 'success')
  assert.deepEqual(release.fence?.unit, hold.dbms?.unit)
  assert.equal(release.fence?.watchdog, 'armed')
  assert.deepEqual([hold.sha256, release.sha256], [probe.sha256, probe.sha256])
  const mounts = probe.dbms?.directories.map(({ mount }) => mount) ?? []
  assert.ok(mounts.length > 0)
  for (const mount of mounts) {
    const disks = probe.fileSystems.find(({ target }) => target === mount)?.disks ?? []
    assert.ok(disks.length > 0 && disks.every(({ sizeBytes }) => sizeBytes === facts.sizeBytes))
  }
}

/** After the hold's time to live and `recover`, with a guest that tells the truth: nothing is open anywhere. */
async function assertSettled(lying: LyingWorld): Promise<void> {
  const { world } = lying
  lying.becomeHonest()
  await world.pass(world.settings.holdTtlMs)
  assert.ok(world.guest.facts.running, 'the database is down')
  const signal = new AbortController().signal
  world.system.processes.restart()
  await recoverRuns(async () => ({ ports: world.ports, settings: world.settings }), world.ports, { signal })
  for (const name of await world.system.files.list('/state/runs')) {
    const events = await readJournal(world.system.files, `/state/runs/${name}`)
    assert.ok(isSettled(events), JSON.stringify(events.at(-1)))
  }
  assert.deepEqual(await world.catalog.locks(), [])
  assert.deepEqual(world.guest.openHolds, [])
  const points = (await world.catalog.points()).map(({ snapshot }) => snapshot)
  assert.deepEqual([...world.snapshotNames()].sort(), [...points].sort(), 'a snapshot is not in the catalog')
}

/** Takes a snapshot, looks whether its grade is deserved, and that nothing is left open; undefined when there is no point. */
async function gradeOf(lies: readonly Lie[]): Promise<Grade | undefined> {
  const lying = lyingWorld(lies)
  const point = await take(lying)
  if (point?.grade === 'db-stopped') {
    assertSaidSo(lying, point)
    assert.deepEqual(
      lying.world.pointsInTime.map(({ running }) => running),
      [false],
    )
  }
  await assertSettled(lying)
  return point?.grade
}

/** What a fact may be instead: of its own kind, so that no schema stops it. */
function others(value: unknown): readonly unknown[] {
  if (typeof value === 'boolean') return [!value]
  if (typeof value === 'number') return [value + 1_000_000]
  if (typeof value === 'string') return ['other', 'missing']
  return value === null ? ['other', 1] : []
}

test('one fact of an answer changed, each in its turn', async () => {
  const honest = lyingWorld([])
  assert.equal((await take(honest))?.grade, 'db-stopped')
  const grades = new Set<string>()
  for (const verb of ['probe', 'hold', 'release']) {
    for (const { at, value } of leaves(honest.arrived.get(verb))) {
      for (const other of others(value)) {
        const changes = [{ kind: 'replace', at, other: 0, value: other } as const]
        const grade = await gradeOf([{ verb, from: 0, times: 1, kind: 'changes', changes }])
        grades.add(grade ?? 'refused')
      }
    }
  }
  assert.deepEqual([...grades].sort(), ['crash-only', 'db-stopped', 'refused', 'suspect'])
})

test('every lie about a whole answer, once and for ever, also after a hold whose answer was lost', async () => {
  const lost = { verb: 'hold', from: 0, times: 1, kind: 'cut', changes: [] } as const
  for (const verb of ['probe', 'hold', 'release', 'come-back']) {
    for (const kind of WHOLE_LIES) {
      for (const times of [1, Number.POSITIVE_INFINITY]) {
        const told = { verb, from: 0, times, kind, changes: [] } as const
        await gradeOf([told])
        await gradeOf([lost, told])
      }
    }
  }
})

test('an undo after which the guest says that not everything runs is told as failed', async () => {
  const about = { from: 0, times: Number.POSITIVE_INFINITY, changes: [] } as const
  const { world } = lyingWorld([
    { ...about, verb: 'hold', kind: 'cut' },
    { ...about, verb: 'release', kind: 'start-failed' },
  ])
  world.guest.faults.startFails = true
  const signal = new AbortController().signal
  await assert.rejects(takeSnapshot(world.ports, world.settings, { mode: 'stop', signal }), { code: 'undo-failed' })
})

test('answers that were changed on their way: db-stopped only when every fact says so, and nothing stays open', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(lie, { minLength: 1, maxLength: 3 }), async (lies) => {
      await gradeOf(lies)
    }),
    { numRuns: 80 },
  )
})
