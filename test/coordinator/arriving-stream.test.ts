import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type ArrivingStream, packedHere, packedThere } from '../../src/coordinator/arriving-stream.ts'

const TEXT = '-- MariaDB dump\nSELECT 1;\n-- Dump completed\n'

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function stored({ stored }: ArrivingStream): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stored) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('a dump is stored packed and known by its length and its ends, whoever packed it', async () => {
  const packed = gzipSync(TEXT)
  const content = { sizeBytes: TEXT.length, head: TEXT, tail: TEXT }
  const there = packedThere(once(packed), 'gzip', 'a')
  assert.deepEqual(await stored(there), packed)
  assert.deepEqual(await there.content(), content)
  const here = packedHere(once(Buffer.from(TEXT)), 'gzip')
  assert.equal((await stored(here)).subarray(0, 2).toString('hex'), '1f8b')
  assert.deepEqual(await here.content(), content)
})

test('what the guest sends and cannot be unpacked to its end is no dump', async () => {
  for (const sent of [Buffer.from(TEXT), gzipSync(TEXT).subarray(0, -5), Buffer.alloc(0)]) {
    const stream = packedThere(once(sent), 'gzip', 'databases.sql.gz')
    await stored(stream)
    await assert.rejects(stream.content(), { code: 'dump-failed' })
  }
})
