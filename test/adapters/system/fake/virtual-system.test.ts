import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeProcesses } from '../../../../adapters/system/fake/fake-processes.ts'
import { fileError, MemoryFiles } from '../../../../adapters/system/fake/memory-files.ts'
import { SeededRandomness } from '../../../../adapters/system/fake/seeded-randomness.ts'
import { VirtualClock } from '../../../../adapters/system/fake/virtual-clock.ts'
import { virtualSystem } from '../../../../adapters/system/fake/virtual-system.ts'
import { testClock } from '../../../conformance/clock.ts'
import { testFiles } from '../../../conformance/files.ts'

testClock({ name: 'virtual', open: () => new VirtualClock({ auto: true }) })
testFiles({ name: 'memory', open: async () => ({ files: new MemoryFiles(), folder: '/' }) })

test('without auto, time stands until advance(), which fires timers in order', async () => {
  const clock = new VirtualClock()
  const seen: string[] = []
  const sleep = (name: string, ms: number) => clock.sleep(ms).then(() => seen.push(`${name} ${clock.monotonic()}`))
  sleep('late', 20)
  sleep('early', 10).then(() => sleep('chained', 5))
  await clock.advance(9)
  assert.deepEqual(seen, [])
  await clock.advance(11)
  assert.deepEqual(seen, ['early 10', 'chained 15', 'late 20'])
  assert.equal(clock.monotonic(), 20)
})

test('with auto, hours pass at once when everything sleeps', async () => {
  const clock = new VirtualClock({ auto: true })
  await Promise.all([clock.sleep(3_600_000), clock.sleep(7_200_000)])
  assert.equal(clock.monotonic(), 7_200_000)
})

test('with auto, no time passes while real work is under way', async () => {
  const clock = new VirtualClock({ auto: true })
  using deadline = clock.deadline(1000)
  const work = new Promise<void>((resolve) => setTimeout(resolve, 5))
  await clock.whileBusy(work)
  assert.equal(deadline.signal.aborted, false)
})

test('the wall clock may jump without the monotonic one', () => {
  const clock = new VirtualClock({ startMs: 1000 })
  clock.jumpWallClock(-400)
  assert.deepEqual([clock.now(), clock.monotonic()], [600, 0])
})

test('pending counts sleepers and deadlines that are open', async () => {
  const clock = new VirtualClock()
  const deadline = clock.deadline(5)
  const sleeping = clock.sleep(5)
  assert.equal(clock.pending, 2)
  deadline[Symbol.dispose]()
  await clock.advance(5)
  await sleeping
  assert.equal(clock.pending, 0)
})

test('after a power cut only what was synced is there, or a torn beginning of the rest', async () => {
  const files = new MemoryFiles()
  const file = await files.openAppend('/journal', { create: true })
  await file.append('kept\n')
  await file.sync()
  await file.append('lost\n')
  assert.equal(files.unsynced('/journal'), 'lost\n')
  assert.equal(await files.afterPowerCut().readText('/journal'), 'kept\n')
  assert.equal(await files.afterPowerCut((text) => text.slice(0, 2)).readText('/journal'), 'kept\nlo')
})

test('a fault makes operations fail until it is taken away', async () => {
  const files = new MemoryFiles()
  const file = await files.openAppend('/journal', { create: true })
  files.setFault((operation, path) => {
    if (operation === 'append') throw fileError('ENOSPC', path)
  })
  await assert.rejects(file.append('x'), { code: 'ENOSPC' })
  files.setFault()
  await file.append('y')
  assert.equal(await files.readText('/journal'), 'y')
})

test('processes live and die as the test says', async () => {
  const processes = new FakeProcesses()
  const first = await processes.self()
  const other = processes.begin(7)
  processes.restart()
  assert.equal(await processes.state(first), 'dead')
  assert.equal(await processes.state(await processes.self()), 'alive')
  assert.equal(await processes.state(other), 'alive')
  processes.end(other)
  assert.equal(await processes.state(other), 'dead')
  assert.equal(await processes.state({ ...other, host: 'elsewhere' }), 'unknown')
})

test('the same seed gives the same bytes, another seed others', () => {
  const bytes = (seed: number) => [...new SeededRandomness(seed).bytes(8)]
  assert.deepEqual(bytes(3), bytes(3))
  assert.notDeepEqual(bytes(3), bytes(4))
  assert.equal(new Set(new SeededRandomness(5).bytes(256)).size > 100, true)
})

test('a virtual system puts the parts together', async () => {
  const { clock, files } = virtualSystem()
  await files.makeFolder('/state/runs')
  await clock.sleep(10)
  assert.deepEqual(await files.list('/state'), ['runs'])
})
