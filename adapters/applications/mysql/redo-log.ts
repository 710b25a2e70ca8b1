import type { RedoFacts, StopFacts } from '../../../src/guest/protocol/answers.ts'
import { type RedoJudgement, unknown } from './judgement.ts'
import { judgeBlocks } from './redo-blocks.ts'
import { judgeStream } from './redo-stream.ts'
import type { RedoFormat } from './versions.ts'

/**
 * Whether the redo log is closed: nothing in it is left for the next start to do. Proven only where the last checkpoint
 * is the end of the log; bytes that cannot be read, or too few of them, are unknown, never proven.
 */
export function judgeRedo(format: RedoFormat, redo: StopFacts['redo'], files: StopFacts['files']): RedoJudgement {
  if (redo === null) return unknown('redo-missing', 'the redo log could not be read')
  const header = Buffer.from(redo.headerHex, 'hex')
  if (header.length < 16) return unknown('redo-unreadable', `the header of ${redo.path} has ${header.length} bytes`)
  const id = header.readUInt32BE(0)
  if (!format.ids.includes(id)) {
    return unknown(
      'redo-format-differs',
      `${redo.path} has format ${id.toString(16)}, expected ${format.ids.map((each) => each.toString(16)).join(' or ')}`,
    )
  }
  const firstLsn = header.readBigUInt64BE(8)
  return format.layout === 'stream' ? judgeStream(redo, firstLsn) : judgeBlocks(redo, firstLsn, files)
}

/** Who made the log, from its header: `MariaDB 10.11.19`, `MySQL 9.7.4`; empty when it cannot be read. */
export function readCreator(redo: RedoFacts | null): string {
  const header = Buffer.from(redo?.headerHex ?? '', 'hex').subarray(16, 48)
  const end = header.indexOf(0)
  const name = header.subarray(0, end === -1 ? header.length : end).toString('latin1')
  return /^[\x20-\x7e]*$/.test(name) ? name : ''
}
