import { type DataFinding, STARTED_AGAIN } from '../../../src/guest/application.ts'
import type { ComeBackAnswer, HoldAnswer } from '../../../src/guest/protocol/answers.ts'
import { contradicted, proven, unknown } from './judgement.ts'
import { quoteLine, readEnd, readLines } from './log-lines.ts'
import { LINES, type ServerLines } from './log-patterns.ts'
import { findVersion } from './versions.ts'

/** See Application.judgeData. */
export function judgeData(hold: HoldAnswer | undefined, { dbms }: ComeBackAnswer): readonly DataFinding[] {
  if (dbms === null) return [unknown('no-dbms-facts', 'the guest brought no facts about a database server')]
  // A server that is down says nothing of its version; the words of damage are those of both families.
  const words = LINES[findVersion(dbms.variables.version ?? '')?.family ?? 'mariadb']
  const lines = readLines(dbms.log)
  const damage = lines.find((line) => words.damage.test(line))
  const said =
    damage === undefined
      ? proven('no-damage-said', 'the server says nothing of damage')
      : contradicted('damage-said', `the log says: ${quoteLine(damage)}`)
  return [...judgeStarts(dbms.unit), said, judgeEndOfLog(hold, lines, words)]
}

/** Only the last start is in the log that was read. */
function judgeStarts({ NRestarts = '0' }: Readonly<Record<string, string>>): readonly DataFinding[] {
  if (NRestarts === '0') return []
  return [unknown(STARTED_AGAIN, `systemd started the server ${NRestarts} times again since the boot`)]
}

/** Less than at the stop: what was there then is gone. More: the server has written since it started, which says nothing. */
function judgeEndOfLog(hold: HoldAnswer | undefined, lines: readonly string[], words: ServerLines): DataFinding {
  const stopped = hold?.dbms == null ? undefined : readEnd(readLines(hold.dbms.log), words).endLsn
  const digits = lines.map((line) => words.startLsn.exec(line)?.[1]).find((each) => each !== undefined)
  if (stopped === undefined || digits === undefined) {
    const which = stopped === undefined ? 'the stop' : 'the start'
    return unknown('end-of-log-unknown', `the log of ${which} does not say where InnoDB's log ends`)
  }
  const started = BigInt(digits)
  if (started === stopped) return proven('end-of-log-equal', `InnoDB's log ends at ${stopped}, as at the stop`)
  const message = `InnoDB's log ended at ${stopped} at the stop, and at ${started} at the start`
  return started < stopped ? contradicted('end-of-log-before', message) : unknown('end-of-log-later', message)
}
