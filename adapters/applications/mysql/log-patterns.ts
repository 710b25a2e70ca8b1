/** Words of a server's error log, as its recordings show them. */
export interface ServerLines {
  /** The very last words of a stop; a failed start writes them too. */
  readonly ended: RegExp
  /** InnoDB's end of the log at the stop. */
  readonly endLsn: RegExp
  /** Whether {@link endLsn} is written whatever the verbosity: then its absence speaks against the stop. */
  readonly alwaysSaysEndLsn: boolean
  /** A server begins, gives up or breaks: after the end of a stop none of these may come. */
  readonly began: RegExp
  readonly broke: RegExp
  /** InnoDB's own word that the stop left work for the next start (innodb_fast_shutdown=2). */
  readonly leftWork: RegExp
  /** InnoDB tells how it started. Without such a line the log is too quiet to show that nothing was recovered. */
  readonly toldStart: RegExp
  /** A start that had to recover. A clean start of MySQL says `Crash recovery finished in InnoDB engine`: not here. */
  readonly recovery: RegExp
  /** InnoDB's end of the log at a start. */
  readonly startLsn: RegExp
  /** The server says that something of its data is damaged or not there. */
  readonly damage: RegExp
}

const ENDED = /: Shutdown complete( |$)/
const BROKE = /\[ERROR\].*\b(Aborting|got signal|got exception)\b|Assertion failure|terribly wrong/
const RECOVERY = [
  /Starting crash recovery/,
  /Database was not shut ?down normally/i,
  /Starting (an apply|a|final) batch/i,
  /Doing recovery: scanned/,
  /Aria engine: starting recovery/,
  /Starting XA crash recovery/,
  /Starting table crash recovery/,
  /Recovering after a crash using/,
  /is marked as crashed/,
  /Recovering table:/,
]

const DAMAGE = [
  /\[ERROR\].*\bcorrupt/,
  /\[ERROR\].*(Cannot open datafile for read-only|Could not find a valid tablespace file|Missing system tablespace)/,
  /\[ERROR\].*Tablespace .*(is missing|was not found)/,
  /\[ERROR\].*(Unknown\/unsupported storage engine: InnoDB|Plugin 'InnoDB' (init function returned error|registration))/,
  /\[ERROR\].*Table .* is marked as crashed/,
]

const SHARED = {
  ended: ENDED,
  endLsn: /Shutdown completed; log sequence number (\d+)/,
  broke: BROKE,
  recovery: new RegExp(RECOVERY.map(({ source }) => source).join('|'), 'i'),
  startLsn: /InnoDB: (?:\S+ started; )?log sequence number (\d+)/,
  damage: new RegExp(DAMAGE.map(({ source }) => source).join('|'), 'i'),
}

export const LINES: Readonly<Record<'mariadb' | 'mysql', ServerLines>> = {
  mariadb: {
    ...SHARED,
    alwaysSaysEndLsn: true,
    began: /: ready for connections|Starting MariaDB |\(mysqld .*\) starting as process/,
    leftWork: /Executing innodb_fast_shutdown=2/,
    toldStart: /End of log at LSN=\d+|InnoDB: (\S+ started; )?log sequence number \d+; transaction id/,
  },
  mysql: {
    ...SHARED,
    alwaysSaysEndLsn: false,
    began: /: ready for connections|starting as process|MySQL Server - start/,
    leftWork: /requested a very fast shutdown/,
    toldStart: /started; log sequence number \d+/,
  },
}
