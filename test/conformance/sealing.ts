import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Sealing } from '../../src/repository/sealing.ts'
import { hasCode } from './repository.ts'

/** What every adapter of the port Sealing keeps. `open` gives one with and one without an identity, and one with another. */
export function testSealing(
  name: string,
  open: () => Promise<{ readonly whole: Sealing; readonly blind: Sealing; readonly stranger: Sealing }>,
): void {
  describe(`sealing: ${name}`, () => {
    test('what was sealed opens as it was, and cannot be read in between', async () => {
      const { whole } = await open()
      const sealed = await bytesOf(whole.seal(chunks(64)))
      assert.ok(!sealed.includes(Buffer.alloc(1000, 7)))
      assert.deepEqual(await bytesOf(whole.open(pieces(sealed), 'one')), await bytesOf(chunks(64)))
    })

    test('nothing is sealed and opened, too', async () => {
      const { whole } = await open()
      assert.equal((await bytesOf(whole.open(whole.seal(chunks(0)), 'empty'))).length, 0)
    })

    test('sealing needs no identity; opening without one, or with another, is identity-missing', async () => {
      const { whole, blind, stranger } = await open()
      const sealed = await bytesOf(blind.seal(chunks(2)))
      assert.deepEqual([whole.opens, blind.opens], [true, false])
      await assert.rejects(bytesOf(blind.open(pieces(sealed), 'one')), hasCode('identity-missing'))
      await assert.rejects(bytesOf(stranger.open(pieces(sealed), 'one')), hasCode('identity-missing'))
      assert.deepEqual(await bytesOf(whole.open(pieces(sealed), 'one')), await bytesOf(chunks(2)))
    })

    test('one changed bit, a missing end and what was never sealed are backup-damaged', async () => {
      const { whole } = await open()
      const sealed = await bytesOf(whole.seal(chunks(8)))
      const changed = Buffer.from(sealed)
      changed[sealed.length >> 1] = (changed[sealed.length >> 1] ?? 0) ^ 1
      for (const wrong of [changed, sealed.subarray(0, -100), Buffer.from('-- MariaDB dump\n')]) {
        await assert.rejects(bytesOf(whole.open(pieces(wrong), 'one')), hasCode('backup-damaged'))
      }
    })

    test('a source that breaks rejects with its own reason', async () => {
      const { whole } = await open()
      const reason = new Error('the dump failed')
      async function* breaks() {
        yield Buffer.from('a part')
        throw reason
      }
      await assert.rejects(bytesOf(whole.seal(breaks())), reason)
    })

    test('check() refuses an identity that does not open what is sealed now, and nothing else', async () => {
      const { whole, blind, stranger } = await open()
      const refused = async (sealing: Sealing) =>
        (await sealing.check()).filter(({ severity }) => severity === 'refuse').map(({ code }) => code)
      assert.deepEqual(await refused(whole), [])
      assert.deepEqual(await refused(blind), [])
      assert.deepEqual(await refused(stranger), ['identity-missing'])
    })
  })
}

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(65_536, 7)
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of stream) all.push(chunk)
  return Buffer.concat(all)
}
