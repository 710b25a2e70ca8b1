import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CHUNK_BYTES, copyReplacing } from './memory-image.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillshot-memory-image-'))
})

after(() => rm(folder, { recursive: true }))

test('copyReplacing() replaces every place, also across the border of two chunks and at the end', async () => {
  const from = join(folder, 'from')
  const to = join(folder, 'to')
  const size = CHUNK_BYTES + 1000
  const saved = Buffer.alloc(size, '.')
  const places = [0, CHUNK_BYTES - 3, CHUNK_BYTES + 500, size - 6]
  for (const place of places) saved.write('before', place)
  await writeFile(from, saved)

  assert.deepEqual(await copyReplacing(from, to, [{ old: 'before', new: 'behind' }]), [places.length])

  const copy = await readFile(to)
  for (const place of places) copy.write('before', place)
  assert.ok(copy.equals(saved), 'nothing else has changed')
})

test('copyReplacing() says when a text does not occur', async () => {
  const from = join(folder, 'without')
  await writeFile(from, 'compressed')
  assert.deepEqual(await copyReplacing(from, join(folder, 'copy'), [{ old: 'before', new: 'behind' }]), [0])
})

test('copyReplacing() refuses a replacement of another length', async () => {
  await assert.rejects(copyReplacing('/dev/null', join(folder, 'copy'), [{ old: 'a', new: 'bc' }]), /another length/)
})
