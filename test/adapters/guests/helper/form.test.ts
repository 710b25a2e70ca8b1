import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { loadHelper } from '../../../../adapters/guests/helper/helper-file.ts'

const parts = new URL('../../../../adapters/guests/helper/parts/', import.meta.url)

test('the helper is its parts, joined, under the hash that it is known by', async () => {
  const { content, sha256, olderSha256 } = await loadHelper()
  assert.ok(content.startsWith('#!/bin/sh\n'))
  assert.equal(createHash('sha256').update(content).digest('hex'), sha256)
  assert.ok(!olderSha256.includes(sha256))
})

test('every part of the helper has less than 300 lines', async () => {
  for (const name of await readdir(parts)) {
    const lines = (await readFile(new URL(name, parts), 'utf8')).split('\n').length
    assert.ok(lines < 300, `${name} has ${lines} lines`)
  }
})

test('the helper never uses eval, nor reads a file as a program', async () => {
  const { content } = await loadHelper()
  const commands = content.split('\n').filter((line) => !/^\s*#/.test(line))
  assert.deepEqual(
    commands.filter((line) => /(^|[;&|(]|then|do)\s*(eval|source|\.)\s/.test(line.replace(/'[^']*'|"[^"]*"/g, ''))),
    [],
  )
})
