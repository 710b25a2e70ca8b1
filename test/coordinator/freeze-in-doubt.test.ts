import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFreezingWorld } from './freezing-world.ts'

test('what was kept across a reboot is matched by the guest’s wall clock alone, and so is in doubt', async () => {
  const { freezing, guest, take, collect, pass } = makeFreezingWorld()
  await freezing.frozen({ during: () => take('nightly') })
  await pass(30_000)
  guest.reset()
  await pass(30_000)
  assert.deepEqual(
    (await collect()).freezes.map(({ snapshot, grade }) => [snapshot, grade]),
    [['nightly', 'crash-only']],
  )
})

test('a guest that was paused since does not say which snapshot it was frozen for', async () => {
  const { freezing, take, collect, catalog, pass } = makeFreezingWorld()
  const id = await freezing.frozen({ during: () => pass(1_000) })
  // As long as the pause, which the guest's uptime does not count: by that, it was frozen for this one.
  freezing.pausedMs = 30_000
  await pass(25_000)
  await take('careless')
  await pass(60_000)
  const [freeze] = (await collect()).freezes
  assert.deepEqual([freeze?.grade, freeze?.reasons?.[0]?.code], ['crash-only', 'freeze-ambiguous'])
  assert.match(freeze?.reasons?.[0]?.message ?? '', /clocks do not agree/)
  assert.deepEqual(
    (await catalog.points()).map((point) => point.id),
    [id],
  )
})

test('a guest that takes long to answer is asked again, and does not say which snapshot it was frozen for', async () => {
  const { freezing, take, collect, pass } = makeFreezingWorld()
  await freezing.frozen({ during: () => take('nightly') })
  freezing.travelsMs = 4_000
  await pass(60_000)
  const [freeze] = (await collect()).freezes
  assert.deepEqual([freeze?.grade, freeze?.reasons?.[0]?.code], ['crash-only', 'freeze-ambiguous'])
  assert.match(freeze?.reasons?.[0]?.message ?? '', /took \d+ ms/)
})

for (const [spreadMs, expected] of [
  [400, 'db-stopped'],
  [undefined, 'crash-only'],
] as const) {
  const how = spreadMs === undefined ? 'is in doubt unless it says' : 'is believed when it says'
  test(`a guest so slow that seconds lie between its clocks ${how} which readings belong together`, async () => {
    const { freezing, take, collect, pass } = makeFreezingWorld()
    Object.assign(freezing, { readingMs: 1_300, spreadMs })
    await freezing.frozen({
      during: async () => {
        await pass(3_000)
        await take('nightly')
        await pass(3_000)
      },
    })
    await pass(60_000)
    assert.deepEqual(
      (await collect()).freezes.map(({ snapshot, grade }) => [snapshot, grade]),
      [['nightly', expected]],
    )
  })
}

test('a guest that was paused is in doubt, also where its clocks were read together', async () => {
  const { freezing, take, collect, pass } = makeFreezingWorld()
  freezing.spreadMs = 100
  await freezing.frozen({ during: () => pass(1_000) })
  freezing.pausedMs = 30_000
  await pass(25_000)
  await take('careless')
  await pass(60_000)
  const [freeze] = (await collect()).freezes
  assert.deepEqual([freeze?.grade, freeze?.reasons?.[0]?.code], ['crash-only', 'freeze-ambiguous'])
})

test('a guest that could not read its two clocks together does not say how long ago it was frozen', async () => {
  const { freezing, take, collect, pass } = makeFreezingWorld()
  freezing.spreadMs = 1_100
  await freezing.frozen({ during: () => take('nightly') })
  await pass(60_000)
  const [freeze] = (await collect()).freezes
  assert.equal(freeze?.grade, 'crash-only')
  assert.match(freeze?.reasons?.[0]?.message ?? '', /took 2200 ms to read its two clocks/)
})

test('what the guest takes back while it is collected is judged by nobody', async () => {
  const { freezing, take, collect, pass, hypervisor, catalog } = makeFreezingWorld()
  const id = await freezing.frozen({ during: () => take('nightly') })
  await pass(60_000)
  const list = hypervisor.listSnapshots.bind(hypervisor)
  hypervisor.listSnapshots = async (...given) => {
    freezing.kept.delete(id)
    return list(...given)
  }
  assert.deepEqual([(await collect()).freezes, await catalog.points()], [[], []])
})
