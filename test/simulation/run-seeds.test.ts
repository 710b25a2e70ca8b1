import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'
import type { SeedResult } from './run-seed.ts'
import { replay, runSeeds } from './run-seeds.ts'

async function results(from: number, count: number): Promise<readonly SeedResult[]> {
  const found: SeedResult[] = []
  await runSeeds(from, count, (result) => found.push(result))
  return found.sort((a, b) => a.seed - b.seed)
}

test('a seed is the same every time, alone or beside others, told or not', async () => {
  const many = await results(1, 60)
  assert.deepEqual(await results(31, 30), many.slice(30))
  const alone = await replay(42)
  const { events, troubles } = alone
  assert.deepEqual({ events, troubles }, { events: many[41]?.events, troubles: many[41]?.troubles })
  assert.deepEqual((await replay(42)).timeline, alone.timeline)
  assert.ok(alone.timeline.length > 10, alone.timeline.join('\n'))
})

test('seeds are eventful: each has three troubles, and most have hundreds of moments for them', async () => {
  const many = await results(1, 100)
  const events = many.reduce((sum, result) => sum + result.events, 0)
  assert.ok(events > 150 * many.length, `${events} events`)
  assert.ok(many.every(({ troubles }) => troubles.length >= 3))
  assert.deepEqual(
    many.filter(({ violation }) => violation !== undefined),
    [],
  )
})

test('options are read, and what makes no sense is refused with its name', () => {
  assert.deepEqual(readOptions(['--seeds', '5', '--json']).seeds, 5)
  assert.deepEqual(readOptions(['--seed', '7']).kind, 'replay')
  assert.ok(readOptions(['--seconds', '3']).seeds > 1_000_000)
  const own = readOptions(['--of-these-sources'])
  assert.deepEqual([own.kind, own.seeds, own.from], ['seeds', 15_000, readOptions(['--of-these-sources']).from])
  assert.throws(() => readOptions(['--seeds', '-1']), /--seeds/)
  assert.throws(() => readOptions(['--seeds', 'many']), /--seeds.*'many'/)
})
