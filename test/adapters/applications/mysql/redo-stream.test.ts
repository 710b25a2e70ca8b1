import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32c } from '../../../../adapters/applications/mysql/crc32c.ts'
import { judgeRedo } from '../../../../adapters/applications/mysql/redo-log.ts'
import { findVersion } from '../../../../adapters/applications/mysql/versions.ts'
import type { RedoFacts } from '../../../../src/guest/protocol/answers.ts'
import { checkpointBlock, FIRST_LSN, PhysLog } from './phys-log.ts'

const CAPACITY = 65536
const format = findVersion('10.11.19-MariaDB')!.known!.redo
const judge = (redo: RedoFacts) => judgeRedo(format, redo, [])
const record = Buffer.from([0x35, 1, 2, 3, 4, 5])

/** A closed log whose checkpoint stands `at` bytes into round `round` of the ring. */
function closedAt(at: number, round: number): { log: PhysLog; lsn: bigint } {
  const log = new PhysLog(CAPACITY, FIRST_LSN + BigInt(round * CAPACITY + at))
  const lsn = log.checkpoint()
  log.terminate()
  return { log, lsn }
}

describe('redo of format Phys', () => {
  test('CRC-32C is the Castagnoli one', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  })

  test('a log that ends at its checkpoint is closed, in every round of the ring and across its end', () => {
    for (const round of [0, 1, 2, 7]) {
      for (const at of [100, CAPACITY - 300, CAPACITY - 16, CAPACITY - 12, CAPACITY - 11, CAPACITY - 4, CAPACITY - 1]) {
        const { log, lsn } = closedAt(at, round)
        const { code, checkpointLsn } = judge(log.facts(lsn))
        assert.deepEqual([code, checkpointLsn], ['redo-closed', lsn], `round ${round}, ${at}`)
      }
    }
  })

  test('one more mini-transaction, however large, is not closed', () => {
    const large = Buffer.alloc(300, 0x78)
    large.set([0x30, 0x80, 300 - 16 - 0x80], 0)
    for (const [more, at] of [
      [record, 100],
      [large, 100],
      [record, CAPACITY - 16],
      [record, CAPACITY - 20],
    ] as const) {
      const { log, lsn } = closedAt(at, 1)
      log.write(more)
      log.terminate()
      assert.equal(judge(log.facts(lsn)).code, 'redo-not-closed')
    }
  })

  test('bytes of the round before are no mini-transactions', () => {
    const log = new PhysLog(CAPACITY, FIRST_LSN + 16n)
    for (let written = 0; written < 40; written++) log.write(record)
    const after = new PhysLog(CAPACITY, FIRST_LSN + BigInt(CAPACITY))
    const lsn = after.checkpoint()
    const facts = after.facts(lsn)
    const old = log.facts(FIRST_LSN + 16n).tail!.hex
    const tail = { ...facts.tail!, hex: facts.tail!.hex.slice(0, 32) + old.slice(0, 900) }
    assert.equal(judge({ ...facts, tail }).code, 'redo-closed')
  })

  test('too few bytes do not show where the log ends', () => {
    const { log, lsn } = closedAt(100, 0)
    for (const bytes of [0, 5, 11, 12, 15, 16]) assert.equal(judge(log.facts(lsn, bytes)).code, 'redo-tail-short')
    assert.equal(judge(log.facts(lsn, 17)).code, 'redo-closed')
    log.write(record)
    assert.equal(judge(log.facts(lsn, 20)).code, 'redo-tail-short')
  })

  test('bytes from elsewhere, or none, are not judged', () => {
    const { log, lsn } = closedAt(100, 0)
    const facts = log.facts(lsn)
    assert.equal(
      judge({ ...facts, tail: { ...facts.tail!, offset: facts.tail!.offset + 16 } }).code,
      'redo-tail-missing',
    )
    assert.equal(judge({ ...facts, tail: null }).code, 'redo-tail-missing')
  })

  test('a checkpoint with a wrong checksum does not count', () => {
    const { log, lsn } = closedAt(100, 0)
    const facts = log.facts(lsn)
    const broken = checkpointBlock(lsn)
    broken[7]! ^= 1
    const [older] = facts.checkpoints
    const checkpoints = [older!, { offset: 8192, hex: broken.toString('hex') }]
    assert.equal(judge({ ...facts, checkpoints }).code, 'redo-tail-missing')
    assert.equal(judge({ ...facts, checkpoints: checkpoints.slice(1) }).code, 'redo-unreadable')
  })

  test('a checkpoint behind which the server wrote on is not closed', () => {
    const { log, lsn } = closedAt(100, 0)
    const facts = log.facts(lsn)
    const checkpoints = [{ offset: 4096, hex: checkpointBlock(lsn, lsn + 200n).toString('hex') }]
    assert.equal(judge({ ...facts, checkpoints }).code, 'redo-not-closed')
  })

  test('an encrypted log, a foreign format and a missing log are unknown', () => {
    const { log, lsn } = closedAt(100, 0)
    const facts = log.facts(lsn)
    for (const start of ['d0687973', '50485953', '00000000']) {
      assert.equal(judge({ ...facts, headerHex: start + facts.headerHex.slice(8) }).code, 'redo-format-differs')
    }
    assert.equal(judge({ ...facts, headerHex: '' }).code, 'redo-unreadable')
    assert.equal(judgeRedo(format, null, []).code, 'redo-missing')
  })
})
