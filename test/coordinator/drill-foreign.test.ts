import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { runDrill } from '../../src/coordinator/run-drill.ts'
import { makeWorld } from '../world/world.ts'

test('a drill of somebody else’s snapshot whose name is used again is refused: it would speak of another one', async () => {
  const world = makeWorld({}, { agent: true })
  const made = await world.snapshot()
  const createdAt = '2020-01-01T00:00:00.000Z'
  const point: RestorePoint = { ...made, id: '01JDBBBBBBBBBBBBBBBBBBBBBB', kind: 'foreign', createdAt }
  await world.catalog.savePoint(point)
  for (const dryRun of [true, false]) {
    const order = { pointId: point.id, dryRun, signal: new AbortController().signal }
    await assert.rejects(runDrill(world.ports, world.settings, order), { code: 'snapshot-not-found' })
  }
  assert.equal((await world.catalog.point(point.id))?.drills, undefined)
  assert.deepEqual(world.hypervisor.copies('db1'), [])
  assert.deepEqual(await world.catalog.locks(), [])
})
