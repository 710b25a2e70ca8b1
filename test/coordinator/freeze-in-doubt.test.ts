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
