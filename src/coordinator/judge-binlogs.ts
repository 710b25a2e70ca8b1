import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { BinlogsAnswer } from '../guest/protocol/answers.ts'
import { OWN_SCHEMAS } from '../repository/logged-statement.ts'
import type { LogPosition, Manifest } from '../repository/manifest.ts'
import { formatInstant, parseInstant } from '../system/instant.ts'

/** Times of a log are whole seconds. Throws `usage` for what is no time, or lies ahead. Pure. */
export function readTime(text: string, nowMs: number): number {
  const atMs = Math.floor(parseInstant(text) / 1000) * 1000
  if (Number.isNaN(atMs) || !/(Z|[+-]\d\d:?\d\d)$/i.test(text)) {
    const hint = 'such as 2026-11-27T02:30:00Z or 2026-11-27T03:30:00+01:00'
    throw new StillshotError('usage', `--at ${text} is no time with its zone`, { hint })
  }
  if (atMs <= nowMs) return atMs
  throw new StillshotError('usage', `--at ${text} has not come yet: it is ${formatInstant(nowMs)}`)
}

/** Where a replay begins. Throws `not-replayable` for a backup that does not tell. Pure. */
export function startOf({ server, id }: Manifest): LogPosition {
  const position = server?.position ?? null
  if (position !== null) return position
  const hint = 'a server with a binary log (log_bin) is needed when the backup is made'
  throw new StillshotError('not-replayable', `the backup ${id} does not tell where it stands in a binary log`, { hint })
}

/** Whether the logs lead from the backup to now, and are of the server that was dumped. Pure. */
export function binlogFindings(
  { server }: Manifest,
  from: LogPosition,
  { serverSilent, logs, end, gtid, only, without, program, serverUuid }: BinlogsAnswer,
): readonly Finding[] {
  if (serverSilent !== null) return [refuse('server-silent', `the server did not answer: ${serverSilent}`)]
  if (end === null) return [refuse('no-binlog', 'the server keeps no binary log (log_bin)')]
  const findings: Finding[] = []
  if (program === null)
    findings.push(refuse('binlog-missing', 'neither mariadb-binlog nor mysqlbinlog is in the guest'))
  findings.push(...filterFindings(only, without))
  const first = logs.findIndex(({ file }) => file === from.file)
  const log = logs[first]
  if (log === undefined) {
    const there = logs.length === 0 ? 'none' : `${logs[0]?.file} to ${logs.at(-1)?.file}`
    return [...findings, refuse('binlog-gone', `the server no longer has its log ${from.file}: it has ${there}`)]
  }
  if (log.sizeBytes !== null && log.sizeBytes < from.position) {
    const message = `the log ${from.file} ends at ${log.sizeBytes}, before the position ${from.position} of the backup`
    findings.push(refuse('binlog-other', message))
  }
  const wanted = logs.slice(first).map(({ file }) => file)
  const gap = wanted.findIndex((file, index) => index > 0 && numberOf(file) !== numberOf(wanted[index - 1] ?? '') + 1)
  if (gap >= 0)
    findings.push(refuse('binlog-gap', `between the logs ${wanted[gap - 1]} and ${wanted[gap]} one is missing`))
  if (wanted.at(-1) !== end.file)
    findings.push(refuse('binlog-gap', `the log ${end.file} that is written now is not listed`))
  if (server?.uuid !== undefined && serverUuid !== null && server.uuid !== serverUuid) {
    findings.push(refuse('binlog-other', `the logs are of server ${serverUuid}, the backup is of ${server.uuid}`))
  }
  if (from.gtid !== null && gtid !== from.gtid) {
    const message = `position ${from.position} of ${from.file} is ${gtid ?? 'none'} here, and was ${from.gtid} in the backup`
    findings.push(refuse('binlog-other', message))
  }
  return findings
}

/** Of what the server logs nothing, a replay brings nothing back, and says nothing of it. Its own schemas are no part of one. */
function filterFindings(only: string | null, without: string | null): readonly Finding[] {
  const left = (without ?? '').split(',').filter((name) => name !== '' && !OWN_SCHEMAS.includes(name.toLowerCase()))
  return [
    ...(only === null ? [] : [refuse('binlog-filtered', `the server logs changes of ${only} only (binlog_do_db)`)]),
    ...(left.length === 0
      ? []
      : [refuse('binlog-filtered', `the server logs no change of ${left.join(', ')} (binlog_ignore_db)`)]),
  ]
}

function refuse(code: string, message: string): Finding {
  const hint = 'restore without --at, or from a newer backup whose log is still there'
  return { severity: 'refuse', code, message, hint, error: 'not-replayable' }
}

function numberOf(file: string): number {
  return Number(/\.(\d+)$/.exec(file)?.[1])
}
