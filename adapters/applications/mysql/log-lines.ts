import type { LogFacts } from '../../../src/guest/protocol/answers.ts'
import type { ServerLines } from './log-patterns.ts'

export function readLines(log: LogFacts): readonly string[] {
  const text = Buffer.from(log.textBase64, 'base64').toString('utf8')
  return text.split(/\r?\n/).filter((line) => line.trim() !== '')
}

/** The helper ships no more than this; a journal's text of that size lost its beginning whatever its `truncated` says. */
const MOST_BYTES = 65_536

/** True when lines may be missing at the beginning. */
export function isCut({ textBase64, truncated }: LogFacts): boolean {
  return truncated || Buffer.byteLength(textBase64, 'base64') >= MOST_BYTES
}

export interface EndOfServer {
  /** The line with which the server ended, when it did and nothing began or broke after it. */
  readonly ended: boolean
  readonly endLsn: bigint | undefined
  readonly leftWork: boolean
  /** The first line that speaks against a stop: a begin or a break after the end, or a break before it. */
  readonly against: string | undefined
}

/** What the lines since the stop request say about how the server ended. */
export function readEnd(lines: readonly string[], words: ServerLines): EndOfServer {
  const end = lines.findIndex((line) => words.ended.test(line))
  const until = end === -1 ? lines.length : end
  const broke = lines.slice(0, until).find((line) => words.broke.test(line))
  const after = lines.slice(until + 1).find((line) => words.began.test(line) || words.broke.test(line))
  const began = lines.slice(0, until).find((line) => words.began.test(line))
  const lsn = lines.slice(0, until).findLast((line) => words.endLsn.test(line))
  const digits = lsn === undefined ? undefined : words.endLsn.exec(lsn)?.[1]
  return {
    ended: end !== -1,
    endLsn: digits === undefined ? undefined : BigInt(digits),
    leftWork: lines.some((line) => words.leftWork.test(line)),
    against: broke ?? began ?? after,
  }
}

/** A line for a message: not too long, without the full stop. */
export function quoteLine(line: string): string {
  return line.slice(0, 200).replace(/[.\s]+$/, '')
}
