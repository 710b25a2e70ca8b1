import type { ComeBackAnswer, ProbeAnswer } from '../../../src/guest/protocol/answers.ts'
import { contradicted, type Judgement, proven, unknown } from './judgement.ts'
import { isCut, quoteLine, readLines } from './log-lines.ts'
import { LINES } from './log-patterns.ts'
import { findVersion } from './versions.ts'

/**
 * Whether the server started without repairing anything. A log in which InnoDB does not tell how it started shows
 * nothing: MySQL 8.0 and later is silent about recovery unless log_error_verbosity is 3.
 */
export function judgeRecovery(
  { log, variables }: NonNullable<ComeBackAnswer['dbms']>,
  before: ProbeAnswer | undefined,
): Judgement {
  const version = findVersion(variables.version ?? before?.dbms?.variables.version ?? '')
  if (version === undefined) return unknown('version-unknown', 'the version of the server is not known')
  const words = LINES[version.family]
  const lines = readLines(log)
  const recovery = lines.find((line) => words.recovery.test(line))
  if (recovery !== undefined) return contradicted('recovered', `the log says: ${quoteLine(recovery)}`)
  const told = lines.find((line) => words.toldStart.test(line))
  if (isCut(log) || told === undefined) {
    return unknown('start-not-logged', `the log (${log.path ?? log.source}) does not say how the server started`)
  }
  return proven('no-recovery-lines', `no line about recovery; ${quoteLine(told)}`)
}
