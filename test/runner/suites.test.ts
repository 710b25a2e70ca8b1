import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readOptions } from './options.ts'
import { isUnit, suitesOf } from './suites.ts'

test('the unit tests are one suite, and of the labs the one that asks for most time is the first', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'stillshot-suites-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'test'))
  const limits = { a: '', b: '// time limit: 600 s\n', c: '// time limit: 3600 s\n', d: '' }
  for (const [name, limit] of Object.entries(limits)) writeFileSync(join(root, `test/${name}.lab.ts`), limit)
  for (const name of ['one', 'two']) writeFileSync(join(root, `test/${name}.test.ts`), '')
  const options = readOptions([]) ?? assert.fail('there is no help here')
  const [unit, ...labs] = suitesOf(root, options)
  assert.equal(unit && isUnit(unit), true)
  assert.deepEqual(unit?.files, ['test/one.test.ts', 'test/two.test.ts'])
  assert.deepEqual(
    labs.map(({ name }) => name),
    ['c', 'b', 'a', 'd'].map((name) => `test/${name}.lab.ts`),
  )
})
