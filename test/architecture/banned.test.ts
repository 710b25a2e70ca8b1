import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bannedUses } from './banned.ts'
import { treeOf } from './tree.ts'

const banned = [
  'setTimeout(f, 1)',
  'globalThis.setTimeout(f, 1)',
  'const later = setInterval',
  'setImmediate(f)',
  'new Date()',
  'Date.now()',
  'let when: Date',
  'performance.now()',
  'AbortSignal.timeout(1)',
  'AbortSignal.any([])',
  'crypto.randomUUID()',
  "import { randomUUID } from 'node:crypto'",
  'Math.random()',
  "import { setTimeout as sleep } from 'node:timers/promises'",
  "import { readFile } from 'node:fs/promises'",
  "import type { Stats } from 'node:fs'",
  "const { spawn } = await import('node:child_process')",
  "process.env['HOME']",
  'const { HOME } = globalThis.process.env',
  "import { env } from 'node:process'",
]

for (const text of banned) {
  test(`banned in src/, not elsewhere: ${text}`, () => {
    assert.notDeepEqual(bannedUses(treeOf({ 'src/coordinator/a.ts': text })), [])
    assert.deepEqual(bannedUses(treeOf({ 'adapters/system/a.ts': text, 'test/a.ts': text })), [])
  })
}

test('the one file that may use Date may not use timers', () => {
  assert.deepEqual(bannedUses(treeOf({ 'src/system/instant.ts': 'new Date(1)' })), [])
  assert.equal(bannedUses(treeOf({ 'src/system/instant.ts': 'setTimeout(f, 1)' })).length, 1)
})

test('names that only look alike are free', () => {
  const text = 'clock.sleep(1); const point = { Date: 1, setTimeout: 2 }; candidate.update(); process.exitCode = 1'
  assert.deepEqual(bannedUses(treeOf({ 'src/cli/a.ts': text })), [])
})
