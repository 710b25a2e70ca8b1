import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importCycles } from './cycles.ts'
import { treeOf } from './tree.ts'

test('a circle through a type is found and told as a path', () => {
  const tree = treeOf({
    'src/a.ts': "import './b.ts'",
    'src/b.ts': "import type { C } from './c.ts'",
    'src/c.ts': "export { a } from './a.ts'",
  })
  assert.deepEqual(importCycles(tree), ['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts'])
})

test('a file that imports itself is a circle', () => {
  assert.deepEqual(importCycles(treeOf({ 'src/a.ts': "import './a.ts'" })), ['src/a.ts -> src/a.ts'])
})

test('two ways to the same file are no circle', () => {
  const tree = treeOf({
    'src/a.ts': "import './b.ts'; import './c.ts'",
    'src/b.ts': "import './d.ts'",
    'src/c.ts': "import './d.ts'",
    'src/d.ts': "import 'vendor'",
  })
  assert.deepEqual(importCycles(tree), [])
})
