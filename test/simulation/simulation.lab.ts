// runs beside other labs
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { tryDeliberateFaults } from './deliberate-faults.ts'
import { OF_THESE_SOURCES } from './options.ts'
import type { SeedResult } from './run-seed.ts'
import { runWorkers } from './run-workers.ts'
import { seedOfSources } from './seed-of-sources.ts'

/** Small enough for a machine that is busy with other things, too. */
const FIXED = 10_000

function said(broken: readonly SeedResult[]): string {
  const lines = broken.map(
    ({ seed, violation }) => `npm run simulate -- --seed ${seed}: ${violation?.promise}: ${violation?.what}`,
  )
  return lines.join('\n')
}

test(`seeds 1 to ${FIXED}: every promise is kept`, async () => {
  const { broken, seeds } = await runWorkers({ ...ORDER, from: 1, seeds: FIXED })
  assert.equal(said(broken), '')
  assert.equal(seeds, FIXED)
})

const own = seedOfSources(join(import.meta.dirname, '../..'))
test(`the ${OF_THESE_SOURCES} seeds of these very sources, from ${own} on: every promise is kept`, async () => {
  const { broken, seeds } = await runWorkers({ ...ORDER, from: own, seeds: OF_THESE_SOURCES })
  assert.equal(said(broken), '')
  assert.equal(seeds, OF_THESE_SOURCES)
})

test('every deliberate fault is seen', async () => {
  const tried = await tryDeliberateFaults(() => {})
  const missed = tried.filter(({ caught }) => !caught).map(({ name, seeds }) => `${name}: not in ${seeds} seeds`)
  assert.deepEqual(missed, [])
  assert.ok(tried.length > 10)
})

const ORDER = {
  seeds: Number.POSITIVE_INFINITY,
  seconds: Number.POSITIVE_INFINITY,
  workers: 2,
  stopAtFirst: false,
} as const
