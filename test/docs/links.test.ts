import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTree } from '../architecture/source-tree.ts'
import { brokenLinks } from './links.ts'

test('every link of README, CONTRIBUTING, CHANGELOG and docs/ leads somewhere', () => {
  const files = readTree(join(import.meta.dirname, '../..'))
  const pages = files.filter(({ path }) => path.endsWith('.md') && !path.startsWith('test/'))
  assert.ok(pages.length > 5)
  assert.deepEqual(brokenLinks(pages, new Set(files.map(({ path }) => path))), [])
})

test('a link that leads nowhere is told, one to a part of a page or to another site is not', () => {
  const page = {
    path: 'docs/a.md',
    text: '[b](b.md#part) [c](../c.md) [d](https://example.org/d) [e](#here) [f](f.md)',
  }
  assert.deepEqual(brokenLinks([page], new Set(['docs/b.md', 'c.md'])), ['docs/a.md: f.md'])
})
