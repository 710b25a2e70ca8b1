import type { Proof } from '../../../src/grade/proof.ts'
import type { HoldAnswer, ProbeAnswer, StopFacts } from '../../../src/guest/protocol/answers.ts'
import { claimAll, contradicted, type Judgement, proven, type RedoJudgement, unknown } from './judgement.ts'
import { isCut, quoteLine, readEnd, readLines } from './log-lines.ts'
import { judgeRedo } from './redo-log.ts'
import { judgeVersion, readVersion } from './server-version.ts'
import { judgeUnitEnd } from './unit-end.ts'
import type { KnownVersions } from './versions.ts'

/** Claim `clean-stop`, one proof for each fact; see Application.proveStop. */
export function proveStop(probe: ProbeAnswer, hold: HoldAnswer): readonly Proof[] {
  const stop = hold.dbms
  if (stop === null) {
    return claimAll('clean-stop', [unknown('no-stop-facts', 'the hold brought no facts about a database server')])
  }
  const version = readVersion(probe, stop.redo)
  return claimAll('clean-stop', [
    judgeVersion(version),
    ...judgeUnitEnd(probe.init, stop.unit),
    judgeProcess(stop),
    judgeLeftovers(stop),
    judgeOpenFiles(stop),
    ...(version?.known === undefined ? [] : judgeEnd(version.known, stop)),
  ])
}

function judgeProcess({ processes, pidBefore }: StopFacts): Judgement {
  const left = processes.find(({ pid }) => pid === pidBefore) ?? processes[0]
  return left === undefined
    ? proven('process-ended', `no database server runs; before the stop it was process ${pidBefore ?? 'none'}`)
    : contradicted('process-runs', `process ${left.pid} (${left.command}) ran after the stop`)
}

/** A server that ends by itself takes its pid file and its socket away. */
function judgeLeftovers({ pidFileExists, socketExists }: StopFacts): Judgement {
  const left = [...(pidFileExists ? ['pid file'] : []), ...(socketExists ? ['socket'] : [])]
  return left.length === 0
    ? proven('nothing-left', 'no pid file and no socket are left')
    : contradicted('leftovers', `left behind: ${left.join(' and ')}`)
}

function judgeOpenFiles({ openFiles }: StopFacts): Judgement {
  if (openFiles === null) return unknown('open-files-unknown', 'the open files of the server could not be counted')
  return openFiles === 0
    ? proven('no-open-files', 'no file of the server is open')
    : contradicted('open-files', `${openFiles} files of the server are open`)
}

function judgeEnd(known: KnownVersions, stop: StopFacts): readonly Judgement[] {
  const redo = judgeRedo(known.redo, stop.redo, stop.files)
  return [judgeLog(known, stop, redo), plain(redo)]
}

function plain({ verdict, code, message }: RedoJudgement): Judgement {
  return { verdict, code, message }
}

function judgeLog({ lines: words, redo }: KnownVersions, stop: StopFacts, { checkpointLsn }: RedoJudgement): Judgement {
  const { log, pidBefore } = stop
  const lines = readLines(log)
  const { ended, endLsn, leftWork, against } = readEnd(lines, words)
  if (leftWork) return contradicted('fast-shutdown-2', 'the server says that it left recovery to its next start')
  if (against !== undefined) return contradicted('log-against', `the log says: ${quoteLine(against)}`)
  if (!ended) {
    if (pidBefore === null) return unknown('not-running-before', 'the server did not run, how it ended is not known')
    return log.source === 'none' || isCut(log) || lines.length === 0
      ? unknown('log-silent', `the log (${log.path ?? log.source}) says nothing about the stop`)
      : contradicted('no-shutdown-line', `${lines.length} lines since the stop, none says that it was complete`)
  }
  if (endLsn === undefined) {
    return words.alwaysSaysEndLsn
      ? unknown('end-lsn-missing', 'the log says that the stop was complete, not where the redo log ended')
      : proven('log-complete', 'the log says that the stop was complete')
  }
  if (checkpointLsn === undefined)
    return unknown('checkpoint-unknown', `the log ended at ${endLsn}, its checkpoint is unknown`)
  return endLsn === checkpointLsn + redo.endAfterCheckpoint
    ? proven('log-complete', `the log says that the stop was complete, at LSN ${endLsn}`)
    : contradicted('end-lsn-differs', `the server ended at LSN ${endLsn}, its last checkpoint is ${checkpointLsn}`)
}
