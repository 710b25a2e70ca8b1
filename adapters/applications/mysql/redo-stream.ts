import type { RedoFacts } from '../../../src/guest/protocol/answers.ts'
import { crc32c } from './crc32c.ts'
import { contradicted, proven, type RedoJudgement, unknown } from './judgement.ts'
import { readMiniTransaction } from './mini-transaction.ts'
import { checkpointAt } from './redo-checkpoint.ts'

/** Log records begin here; behind the file's end the log goes on here (MariaDB 10.8+). */
const START = 12288
/** The mini-transaction that ends a checkpoint: kind, two zero bytes, LSN, end byte, CRC-32C. */
const CHECKPOINT_SIZE = 16

interface Checkpoint {
  readonly lsn: bigint
  readonly endLsn: bigint
}

/**
 * Format `Phys`, measured on MariaDB 10.11 and 11.8: after a clean stop the larger checkpoint's end LSN is the checkpoint
 * itself, there stands the mini-transaction that names it, and nothing valid after that.
 */
export function judgeStream(redo: RedoFacts, firstLsn: bigint): RedoJudgement {
  const checkpoint = readLater(redo)
  if (checkpoint === undefined) return unknown('redo-unreadable', `${redo.path} has no valid checkpoint`)
  const { lsn, endLsn } = checkpoint
  const capacity = redo.sizeBytes - START
  if (capacity <= CHECKPOINT_SIZE || lsn < firstLsn) {
    return unknown('redo-unreadable', `${redo.path}: ${redo.sizeBytes} bytes, first LSN ${firstLsn}, checkpoint ${lsn}`)
  }
  if (endLsn !== lsn) {
    return {
      ...contradicted('redo-not-closed', `the log went on after checkpoint ${lsn}, at least to ${endLsn}`),
      checkpointLsn: lsn,
    }
  }
  const offset = START + Number((lsn - firstLsn) % BigInt(capacity))
  if (redo.tail === null || redo.tail.offset !== offset) {
    const at = redo.tail === null ? 'none were read' : `they were read at ${redo.tail.offset}`
    return { ...unknown('redo-tail-missing', `the bytes at ${offset} are needed, ${at}`), checkpointLsn: lsn }
  }
  const sequenceBit = (at: bigint): number => (((at - firstLsn) / BigInt(capacity)) % 2n === 0n ? 1 : 0)
  return { ...judgeTail(Buffer.from(redo.tail.hex, 'hex'), lsn, sequenceBit), checkpointLsn: lsn }
}

function judgeTail(tail: Buffer, lsn: bigint, sequenceBit: (at: bigint) => number): RedoJudgement {
  const first = readMiniTransaction(tail, 0, lsn, sequenceBit)
  if (first === 'short') return unknown('redo-tail-short', `${tail.length} bytes were read at checkpoint ${lsn}`)
  if (first === 'none' || first.size !== CHECKPOINT_SIZE || !tail.subarray(0, 11).equals(checkpointRecord(lsn))) {
    return contradicted('redo-not-closed', `no end of a checkpoint stands at checkpoint LSN ${lsn}`)
  }
  const next = readMiniTransaction(tail, first.size, lsn + BigInt(first.size), sequenceBit)
  if (next === 'short') {
    return unknown('redo-tail-short', `${tail.length} bytes at checkpoint ${lsn} do not show where the log ends`)
  }
  if (next !== 'none') {
    return contradicted('redo-not-closed', `the log goes on after checkpoint ${lsn}: it needs recovery`)
  }
  return proven('redo-closed', `checkpoint ${lsn} is the end of the log, ${lsn + BigInt(CHECKPOINT_SIZE)}`)
}

function checkpointRecord(lsn: bigint): Buffer {
  const record = Buffer.alloc(11)
  record[0] = 0xfa
  record.writeBigUInt64BE(lsn, 3)
  return record
}

/** The later of the two checkpoints whose checksum is right. */
function readLater(redo: RedoFacts): Checkpoint | undefined {
  const valid = [4096, 8192]
    .map((offset) => checkpointAt(redo, offset))
    .filter((bytes) => bytes.length >= 64 && crc32c(bytes.subarray(0, 60)) === bytes.readUInt32BE(60))
    .map((bytes) => ({ lsn: bytes.readBigUInt64BE(0), endLsn: bytes.readBigUInt64BE(8) }))
  return valid.sort((left, right) => (left.lsn < right.lsn ? 1 : -1))[0]
}
