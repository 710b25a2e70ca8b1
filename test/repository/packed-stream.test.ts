import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { StillshotError } from '../../src/errors.ts'
import { COMPRESSIONS, type Compression } from '../../src/repository/manifest.ts'
import { packedStream } from '../../src/repository/packed-stream.ts'

const TEXT = Buffer.from(`-- first\n${'INSERT INTO t VALUES (1);\n'.repeat(100_000)}-- Dump completed\n`)
const PACKERS: Readonly<Record<Compression, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  zstd: zstdCompressSync,
  none: (bytes) => bytes,
}

async function* chunksOf(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

for (const compression of COMPRESSIONS.filter((each) => each !== 'none')) {
  const packed = PACKERS[compression](TEXT)

  test(`what arrives packed with ${compression} is stored as it is, and what is in it was seen`, async () => {
    const stream = packedStream(chunksOf(packed), compression, 'a')
    assert.deepEqual(await read(stream.stored), packed)
    const { sizeBytes, head, tail } = stream.content
    assert.deepEqual([sizeBytes, head.slice(0, 8), tail.slice(-18)], [TEXT.length, '-- first', '-- Dump completed\n'])
    assert.equal(stream.fault, undefined)
  })

  test(`what breaks off under ${compression} is told, and what goes on after nonsense ends the stream`, async () => {
    const broken = packedStream(chunksOf(packed.subarray(0, -20)), compression, 'a')
    await read(broken.stored)
    assert.ok(broken.fault instanceof StillshotError)
    assert.equal(broken.fault.code, 'backup-damaged')
    const nonsense = packedStream(chunksOf(Buffer.alloc(3_000_000, 7)), compression, 'a')
    await assert.rejects(read(nonsense.stored), { code: 'backup-damaged' })
  })
}

test('a window that takes much memory is refused, whatever the guest sends', async () => {
  // Magic, no checksum and no size, a window of 2^27 bytes, an empty last block.
  const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00])
  const stream = packedStream(chunksOf(wide), 'zstd', 'a')
  await read(stream.stored)
  assert.match(String(stream.fault?.message), /cannot be unpacked/)
})

test('what the source throws is thrown as it is', async () => {
  const reason = new Error('the connection ended')
  async function* source() {
    yield gzipSync(TEXT).subarray(0, 100)
    throw reason
  }
  await assert.rejects(read(packedStream(source(), 'gzip', 'a').stored), reason)
})
