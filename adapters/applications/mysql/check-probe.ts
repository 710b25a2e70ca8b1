import type { Finding } from '../../../src/finding.ts'
import type { ProbeLimits } from '../../../src/guest/application.ts'
import type { ProbeAnswer, ProbedDbms } from '../../../src/guest/protocol/answers.ts'
import { checkCluster } from './check-cluster.ts'
import { checkReplication } from './check-replication.ts'
import { checkSettings } from './check-settings.ts'
import { checkUnits } from './check-units.ts'
import { ok, refuse, warn } from './findings.ts'
import { forecastFlushMs } from './forecast.ts'
import { judgeVersion, readVersion } from './server-version.ts'

/** Flushing for longer than this is worth a word: a drain, or a quieter hour, makes the outage shorter. */
const LONG_FLUSH_MS = 5_000

/** See Application.checkProbe. */
export function checkProbe(probe: ProbeAnswer, limits: ProbeLimits): readonly Finding[] {
  const { dbms, openHold } = probe
  const hold =
    openHold === null
      ? []
      : [
          {
            ...refuse(
              'hold-open',
              `hold ${openHold.id} (${openHold.state}, profile ${openHold.profile}) is open in the guest`,
              'wait for it, or settle it with `stillshot recover`',
            ),
            error: 'guest-locked' as const,
          },
        ]
  const units = checkUnits(probe)
  if (dbms === null || units.some(({ code }) => code === 'dbms-not-running')) return [...hold, ...units]
  return [
    ...hold,
    ...units,
    checkServers(dbms),
    ...(dbms.reachable ? checkReachable(probe, dbms, limits) : [refuseLogin(dbms)]),
  ]
}

function checkReachable(probe: ProbeAnswer, dbms: ProbedDbms, limits: ProbeLimits): readonly Finding[] {
  return [
    checkVersion(probe),
    checkFastShutdown(dbms),
    checkTransactions(dbms, limits),
    checkDirtyPages(dbms),
    ...checkReplication(dbms, limits),
    ...checkSettings(dbms, limits),
    ...checkCluster(dbms),
  ]
}

function refuseLogin({ loginError }: ProbedDbms): Finding {
  return refuse(
    'login-failed',
    `the server did not let the helper in: ${loginError ?? 'no reason given'}`,
    'let root in by unix socket, or name a defaults file or a database user in the profile',
  )
}

/** Two servers on one machine: the other one would not stand still. mysqld_safe is no server. */
function checkServers({ processes, mainPid }: ProbedDbms): Finding {
  const servers = processes.filter(({ command }) => !/[_-]safe$/.test(command))
  const others = mainPid === null ? servers.slice(1) : servers.filter(({ pid }) => pid !== mainPid)
  const other = others[0]
  return other === undefined
    ? ok('one-server', `one database server runs, process ${mainPid ?? servers[0]?.pid ?? 'unknown'}`)
    : refuse(
        'second-server',
        `a second database server runs on the machine: process ${other.pid} (${other.command})`,
        'move it elsewhere: only one server of a machine can be held',
      )
}

function checkVersion(probe: ProbeAnswer): Finding {
  const { verdict, code, message } = judgeVersion(readVersion(probe))
  return verdict === 'proven'
    ? ok(code, message)
    : warn(
        code,
        `${message}; the best grade is crash-only`,
        'docs/reference/databases.md lists the versions that can be judged',
      )
}

function checkFastShutdown({ variables }: ProbedDbms): Finding {
  const value = variables.innodb_fast_shutdown
  if (value === '0' || value === '1' || value === '3') return ok('fast-shutdown', `innodb_fast_shutdown is ${value}`)
  return value === undefined
    ? warn(
        'fast-shutdown-unknown',
        'the server does not say what innodb_fast_shutdown is',
        'let the database user read global variables',
      )
    : refuse(
        'fast-shutdown-2',
        `innodb_fast_shutdown is ${value}: a stop would leave the redo log for crash recovery`,
        'SET GLOBAL innodb_fast_shutdown = 1, and in the option file',
      )
}

function checkTransactions({ longTransactions }: ProbedDbms, { longTransactionSeconds }: ProbeLimits): Finding {
  const long = longTransactions.filter(({ seconds }) => seconds > longTransactionSeconds)
  const longest = long.toSorted((left, right) => right.seconds - left.seconds)[0]
  return longest === undefined
    ? ok('no-long-transactions', `no transaction is open for more than ${longTransactionSeconds} s`)
    : refuse(
        'long-transaction',
        `${long.length} transactions are open for more than ${longTransactionSeconds} s, thread ${longest.thread} for ${longest.seconds} s`,
        'wait until they end, or end them: a stop would roll them back',
      )
}

function checkDirtyPages(dbms: ProbedDbms): Finding {
  const flushMs = forecastFlushMs(dbms)
  const pages = dbms.status.innodb_buffer_pool_pages_dirty ?? 'unknown'
  return flushMs <= LONG_FLUSH_MS
    ? ok('dirty-pages', `dirty pages: ${pages}`)
    : warn(
        'many-dirty-pages',
        `dirty pages: ${pages}; writing them may take ${flushMs} ms of the outage`,
        'choose a quieter hour; raise innodb_io_capacity_max if the storage can do more',
      )
}
