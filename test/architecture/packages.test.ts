import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packageRows, wrongPackages } from './packages.ts'
import { treeOf } from './tree.ts'

const row = { name: 'vendor', folder: 'src/retry', reason: 'waits well' }
const right = treeOf({ 'src/retry/a.ts': "import { v } from 'vendor/part'; import 'node:path'" })

test('a package used in its folder, documented, is right', () => {
  assert.deepEqual(wrongPackages(right, ['vendor'], [row]), [])
})

test('a package imported in a second folder is told, types counted', () => {
  const tree = [...right, ...treeOf({ 'src/cli/b.ts': "import type { V } from 'vendor'" })]
  assert.deepEqual(wrongPackages(tree, ['vendor'], [row]), ['src/cli/b.ts:1: vendor belongs to src/retry'])
})

test('a folder whose name only begins alike is another folder', () => {
  const tree = [...right, ...treeOf({ 'src/retrying/b.ts': "import 'vendor'" })]
  assert.equal(wrongPackages(tree, ['vendor'], [row]).length, 1)
})

test('an import of what is no dependency, a built-in without node: included, is told', () => {
  const tree = treeOf({ 'src/retry/a.ts': "import 'vendor'; import '@scope/tool/deep'; import 'fs'" })
  assert.deepEqual(wrongPackages(tree, ['vendor'], [row]), [
    'src/retry/a.ts:1: @scope/tool is no dependency',
    'src/retry/a.ts:1: fs is no dependency',
  ])
})

test('a dependency without a row, without a use, or a row without a dependency is told', () => {
  assert.deepEqual(wrongPackages(right, ['vendor', 'extra'], [row, { ...row, name: 'gone' }]), [
    'extra: not in the table',
    'extra: imported nowhere',
    'gone: in the table, but no dependency',
  ])
})

test('a row that gives no reason, or a whole top folder, is told', () => {
  assert.equal(wrongPackages(right, ['vendor'], [{ ...row, reason: '' }]).length, 1)
  assert.equal(wrongPackages(right, ['vendor'], [{ ...row, folder: 'src' }]).length, 1)
})

test('rows are read from the table of the page', () => {
  const page = '| package | folder | why |\n|---|---|---|\n| `vendor` | `src/retry` | waits well |\n'
  assert.deepEqual(packageRows(page), [row])
})
