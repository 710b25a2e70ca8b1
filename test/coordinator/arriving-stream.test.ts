import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { packedThere, withoutPacked } from '../../src/coordinator/arriving-stream.ts'

const HEAD = "-- MariaDB dump\n-- CHANGE MASTER TO MASTER_LOG_FILE='bin.000001', MASTER_LOG_POS=345;\n"
const LAST = '-- Dump completed\n'

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function arrived(bytes: Uint8Array) {
  const stream = packedThere(once(bytes), 'gzip', 'databases.sql.gz')
  const stored: Uint8Array[] = []
  for await (const chunk of stream.stored) stored.push(chunk)
  assert.deepEqual(Buffer.concat(stored), Buffer.from(bytes))
  return stream
}

const end = (stderr: string) => ({ exitStatus: 0, stderr })

test('what the guest packed is known by its first bytes and by what the helper says of its last ones', async () => {
  const said = `a warning\nstillshot-packed: 1234 ${Buffer.from(LAST).toString('base64')}\n`
  const content = await (await arrived(gzipSync(HEAD + LAST))).content(end(said))
  assert.deepEqual(content, { sizeBytes: 1234, head: HEAD + LAST, tail: LAST })
  assert.equal(withoutPacked(end(said)).stderr, 'a warning\n\n')
})

test('a guest that says nothing of it, or sends something else, has made no dump', async () => {
  const packed = await arrived(gzipSync(HEAD))
  for (const said of ['', 'stillshot-packed: many x\n', `stillshot-packed: 1 ${'A'.repeat(6000)}\n`]) {
    await assert.rejects(packed.content(end(said)), { code: 'dump-failed' })
  }
  const plain = await arrived(Buffer.from(HEAD))
  await assert.rejects(plain.content(end('stillshot-packed: 5 AAAA\n')), { code: 'dump-failed' })
})
