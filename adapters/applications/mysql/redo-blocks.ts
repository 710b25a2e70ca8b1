import type { RedoFacts, StopFacts } from '../../../src/guest/protocol/answers.ts'
import { crc32c } from './crc32c.ts'
import { contradicted, type Judgement, proven, type RedoJudgement, unknown } from './judgement.ts'
import { checkpointAt } from './redo-checkpoint.ts'

const BLOCK = 512n
/** Where the first page of the system tablespace keeps the LSN of the last clean stop. */
const FLUSHED_LSN_OFFSET = 26

/**
 * Formats made of 512-byte blocks, measured on MariaDB 10.5 and MySQL 9.7: a clean stop writes the LSN at which it ended
 * into the system tablespace, and the last checkpoint has that LSN. The block of the checkpoint, where it was read, must
 * be filled exactly up to it.
 */
export function judgeBlocks(redo: RedoFacts, firstLsn: bigint, files: StopFacts['files']): RedoJudgement {
  const lsn = readLater(redo)
  if (lsn === undefined || lsn === 0n) {
    return contradicted('redo-not-closed', `${redo.path}, the file in use, holds no checkpoint`)
  }
  const within = (judgement: Judgement): RedoJudgement => ({ ...judgement, checkpointLsn: lsn })
  const newest = newestFile(redo)
  if (newest !== undefined && !redo.path.endsWith(`/${newest}`)) {
    return within(unknown('redo-file-not-newest', `${redo.path} was read, the newest is ${newest}`))
  }
  if (lsn < firstLsn) return within(unknown('redo-unreadable', `checkpoint ${lsn} lies before first LSN ${firstLsn}`))
  const flushed = readFlushedLsn(files)
  if (flushed === undefined) {
    return within(unknown('flushed-lsn-missing', 'the LSN of the last clean stop could not be read'))
  }
  if (flushed !== lsn) {
    return within(
      contradicted('redo-not-closed', `the last clean stop ended at ${flushed}, the last checkpoint is ${lsn}`),
    )
  }
  const block = redo.tail === null ? undefined : judgeBlock(Buffer.from(redo.tail.hex, 'hex'), lsn)
  return within(block ?? proven('redo-closed', `checkpoint ${lsn} is where the last clean stop ended`))
}

/** What speaks against the checkpoint's block being the last one, filled up to the checkpoint. */
function judgeBlock(bytes: Buffer, lsn: bigint): Judgement | undefined {
  if (bytes.length < Number(BLOCK)) {
    return unknown('redo-tail-short', `${bytes.length} bytes of the block of checkpoint ${lsn}`)
  }
  const block = bytes.subarray(0, Number(BLOCK))
  const number = BigInt(block.readUInt32BE(0) & 0x7fffffff)
  const expected = ((lsn / BLOCK) & 0x3fffffffn) + 1n
  if (number !== expected || crc32c(block.subarray(0, 508)) !== block.readUInt32BE(508)) {
    return unknown('redo-unreadable', `block ${number} was read where ${expected} of checkpoint ${lsn} should be`)
  }
  const filled = BigInt(block.readUInt16BE(4))
  if (filled > lsn % BLOCK) {
    return contradicted('redo-not-closed', `the log goes on after checkpoint ${lsn}: it needs recovery`)
  }
  return filled === lsn % BLOCK
    ? undefined
    : unknown('redo-unreadable', `block ${number} is filled to ${filled}, before checkpoint ${lsn}`)
}

function readLater(redo: RedoFacts): bigint | undefined {
  const found = [512, 1536]
    .map((offset) => checkpointAt(redo, offset))
    .filter((bytes) => bytes.length >= 16)
    .map((bytes) => bytes.readBigUInt64BE(8))
  return found.sort((left, right) => (left < right ? 1 : -1))[0]
}

/** MySQL 8.0.30+ keeps numbered files, spare ones end in `_tmp`; undefined where there are no such names. */
function newestFile(redo: RedoFacts): string | undefined {
  const numbers = redo.names.flatMap(({ name }) => /^#ib_redo(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  return numbers.length === 0 ? undefined : `#ib_redo${Math.max(...numbers)}`
}

function readFlushedLsn(files: StopFacts['files']): bigint | undefined {
  const head = Buffer.from(files.find(({ role }) => role === 'system-tablespace')?.headHex ?? '', 'hex')
  return head.length < FLUSHED_LSN_OFFSET + 8 ? undefined : head.readBigUInt64BE(FLUSHED_LSN_OFFSET)
}
