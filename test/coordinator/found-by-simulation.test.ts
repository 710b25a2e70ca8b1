import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileError } from '../../adapters/system/fake/memory-files.ts'
import { holdVm } from '../../src/coordinator/hold.ts'
import type { ProgressEvent } from '../../src/coordinator/ports.ts'
import { releaseHold } from '../../src/coordinator/release-hold.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import { openUndos } from '../../src/saga/journal-event.ts'
import { readJournal } from '../../src/saga/read-journal.ts'
import { formatInstant } from '../../src/system/instant.ts'
import { makeWorld } from '../world/world.ts'

/** What the simulation found, one test each, named for what a user would have met. */

function codeOf(thrown: unknown): string {
  assert.ok(thrown instanceof StillshotError, String(thrown))
  return thrown.code
}

test('a state directory that cannot be made is an error of the table, not a defect', async () => {
  const world = makeWorld()
  world.system.files.setFault((operation, path) => {
    if (operation === 'makeFolder') throw fileError('EIO', path)
  })
  assert.equal(await world.snapshot().catch(codeOf), 'state-unwritable')
})

test('somebody removes the snapshot before it is labelled: the run says so and is settled', async () => {
  const world = makeWorld()
  world.hypervisor.breakNext({
    call: 'describeSnapshot',
    kind: 'fail',
    error: new StillshotError('snapshot-not-found', 'db1 has no such snapshot'),
  })
  const { state } = { state: world.hypervisor.state('db1') }
  const failed = world.snapshot().catch((thrown: StillshotError) => thrown)
  // Gone for the undo, too.
  world.hypervisor.breakNext({
    call: 'describeSnapshot',
    kind: 'fail',
    error: new StillshotError('snapshot-not-found', 'db1 has no such snapshot'),
  })
  const error = await failed
  assert.ok(error instanceof StillshotError)
  assert.equal(error.code, 'snapshot-not-found')
  assert.match(error.message, /somebody removed the snapshot of restore point/)
  assert.deepEqual(await world.catalog.points(), [])
  assert.deepEqual((await world.recover()).settled, [])
  assert.equal(state.snapshots.length, 1, 'the fake still has it; a real one would not')
})

/** The answer to a create was lost, the run has taken it back, and then the hypervisor made it. */
async function worldWithLateSnapshot() {
  const world = makeWorld()
  world.hypervisor.breakNext({ call: 'createSnapshot', kind: 'fail', error: new StillshotError('answer-lost', 'lost') })
  const error = await world.snapshot().catch((thrown: StillshotError) => thrown)
  assert.ok(error instanceof StillshotError)
  const vm = await world.hypervisor.findVm('db1')
  const name = `stillshot-${error.details.run}`
  await world.hypervisor.createSnapshot(vm, { name, description: 'came late' })
  return { world, vm, name }
}

test('a snapshot that is made after it was taken back is removed by recover', async () => {
  const { world, vm, name } = await worldWithLateSnapshot()
  await world.hypervisor.createSnapshot(vm, { name: 'stillshot-01ARZ3NDEKTSV4RRFFQ69G5FAV', description: 'not ours' })
  const { snapshots } = await world.recover()
  assert.deepEqual(
    snapshots.map(({ snapshot, outcome }) => [snapshot, outcome]),
    [[name, 'removed']],
  )
  assert.deepEqual(world.snapshotNames(), ['stillshot-01ARZ3NDEKTSV4RRFFQ69G5FAV'])
  assert.deepEqual((await world.recover()).snapshots, [])
})

test('a late snapshot is removed although a full disk kept out the line that it was taken back', async () => {
  const { world, name } = await worldWithLateSnapshot()
  const path = `/state/runs/${name.slice('stillshot-'.length)}.jsonl`
  const lines = world.system.files.content(path).split('\n')
  const left = lines.filter((text) => !/"undone".*"create-snapshot"/.test(text))
  assert.equal(left.length, lines.length - 1)
  world.system.files.put(path, left.join('\n'))
  const { snapshots } = await world.recover()
  assert.deepEqual(
    snapshots.map(({ snapshot, outcome }) => [snapshot, outcome]),
    [[name, 'removed']],
  )
  assert.deepEqual(world.snapshotNames(), [])
})

test('a snapshot that is a restore point is kept, though its host’s power cut took the lines that made it one', async () => {
  const world = makeWorld()
  const { id, run, snapshot } = await world.snapshot()
  const path = `/state/runs/${run}.jsonl`
  const lines = world.system.files.content(path).split('\n')
  const last = lines.findIndex((text) => /"intent".*"create-snapshot"/.test(text))
  world.system.files.put(path, `${lines.slice(0, last + 1).join('\n')}\n`)
  // The second one finds the first one's word that it is taken back.
  for (let times = 0; times < 2; times += 1) await world.recover()
  assert.deepEqual(world.snapshotNames(), [snapshot])
  assert.deepEqual(
    (await world.catalog.points()).map((point) => point.id),
    [id],
  )
})

test('a late snapshot is left alone while a run has the VM', async () => {
  const { world, vm, name } = await worldWithLateSnapshot()
  const owner = world.system.processes.begin(4711)
  const takenAt = formatInstant(world.clock.now())
  const vmKey = JSON.stringify([vm.hypervisor, vm.nativeId, vm.uuid])
  await world.catalog.lockVm({ vmKey, holdId: 'X', run: 'X', procedure: 'take-snapshot', owner, takenAt, ttlMs: 1 })
  const { snapshots } = await world.recover()
  assert.deepEqual(
    snapshots.map(({ outcome }) => outcome),
    ['kept'],
  )
  assert.deepEqual(world.snapshotNames(), [name])
})

test('a recover that died on another host keeps nobody else from recovering', async () => {
  const world = makeWorld()
  const owner = { host: 'elsewhere', bootId: 'b', pid: 1, startTime: '1' }
  const takenAt = formatInstant(world.clock.now())
  const vmKey = JSON.stringify(['recover', 'elsewhere'])
  await world.catalog.lockVm({ vmKey, holdId: 'X', run: 'X', procedure: 'recover', owner, takenAt, ttlMs: 0 })
  const { settled } = await world.recover()
  assert.deepEqual(settled, [])
})

test('a hold that is held beyond its time to live has lost its watchdog: recover starts what it stopped', async () => {
  const world = makeWorld()
  const { id } = await holdVm(world.ports, world.settings, { signal: new AbortController().signal })
  world.guest.loseWatchdog(id)
  await world.pass(world.settings.holdTtlMs - 20_000)
  assert.equal((await world.recover()).holds[0]?.outcome, 'held', 'within its time')
  await world.pass(60_000)
  assert.equal(world.guest.facts.running, false)
  const { holds } = await world.recover()
  assert.deepEqual(
    holds.map(({ hold, outcome }) => [hold, outcome]),
    [[id, 'released']],
  )
  assert.equal(world.guest.facts.running, true)
})

test('a clone that has taken the address settles nothing: the hold stays open until the guest itself is asked', async () => {
  const world = makeWorld()
  const { id } = await holdVm(world.ports, world.settings, { signal: new AbortController().signal })
  const { uuid } = world.guest.facts
  await world.pass(world.settings.holdTtlMs)
  world.guest.facts.uuid = '11111111-2222-3333-4444-555555555555'
  const { holds, locks } = await world.recover()
  assert.deepEqual([holds[0]?.outcome, locks[0]?.outcome], ['failed', 'kept'])
  assert.match(holds[0]?.message ?? '', /another machine answers/)
  world.guest.facts.uuid = uuid
  assert.deepEqual(
    (await world.recover()).holds.map(({ hold, outcome }) => [hold, outcome]),
    [[id, 'expired']],
  )
})

test('a release whose start failed is no good end: it says so, and the hold is over', async () => {
  const world = makeWorld()
  const signal = new AbortController().signal
  const { id } = await holdVm(world.ports, world.settings, { signal })
  world.guest.faults.startFails = true
  assert.equal(await releaseHold(world.ports, world.settings, id, { signal }).catch(codeOf), 'come-back-failed')
  assert.equal((await world.catalog.hold(id))?.state, 'released')
})

test('a start that failed stays due: a recover after a crash before the end of the run tries it again', async () => {
  const world = makeWorld()
  world.guest.faults.startFails = true
  const error = await world.snapshot().catch((thrown: StillshotError) => thrown)
  assert.ok(error instanceof StillshotError)
  assert.equal(error.code, 'come-back-failed')
  const events = await readJournal(world.system.files, `/state/runs/${error.details.run}.jsonl`)
  assert.deepEqual(
    openUndos(events).map(({ step }) => step),
    ['hold'],
  )
})

test('a clone that takes the address after the release does not say for the guest that it is back', async () => {
  const world = makeWorld()
  world.guest.faults.startFails = true
  const progress = {
    phase: ({ phase, state }: ProgressEvent) => {
      if (phase !== 'come-back' || state !== 'begun') return
      world.guest.facts.uuid = '11111111-2222-3333-4444-555555555555'
      world.guest.facts.running = true
    },
  }
  const signal = new AbortController().signal
  const ports = { ...world.ports, progress }
  assert.equal(await takeSnapshot(ports, world.settings, { mode: 'stop', signal }).catch(codeOf), 'come-back-failed')
})

test('a late snapshot that cannot be removed is told with the command to type', async () => {
  const { world, name } = await worldWithLateSnapshot()
  const error = new StillshotError('hypervisor-refused', 'the storage is read-only')
  world.hypervisor.breakNext({ call: 'removeSnapshot', kind: 'fail', error })
  const [late] = (await world.recover()).snapshots
  assert.deepEqual([late?.snapshot, late?.outcome], [name, 'failed'])
  assert.match(late?.message ?? '', /read-only; by hand: /)
})

test('a hypervisor that is away for a moment when the VM is to be started again does not leave it off', async () => {
  const world = makeWorld()
  await world.snapshot()
  const unreachable = new StillshotError('hypervisor-unreachable', 'connection refused')
  const order = { safetySnapshot: true, dryRun: false, signal: new AbortController().signal }
  world.hypervisor.breakNext({ call: 'powerOn', kind: 'fail', error: unreachable })
  assert.equal((await restoreSnapshot(world.ports, world.settings, order)).cameBack, true)
  // Refused for good: the undo finds the VM only at its second look, behind the two of the restore, and starts it.
  world.hypervisor.breakNext({ call: 'powerOn', kind: 'fail', error: new StillshotError('hypervisor-refused', 'no') })
  const findVm = world.hypervisor.findVm.bind(world.hypervisor)
  let looks = 0
  world.hypervisor.findVm = async (...words) => {
    looks += 1
    if (looks === 3) throw unreachable
    return findVm(...words)
  }
  const failed = restoreSnapshot(world.ports, world.settings, order)
  assert.equal(await failed.catch(codeOf), 'hypervisor-refused')
  assert.equal(world.hypervisor.state('db1').power, 'running')
})
