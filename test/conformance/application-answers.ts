import type {
  ComeBackAnswer,
  HoldAnswer,
  LogFacts,
  ProbeAnswer,
  ReleaseAnswer,
  StopFacts,
} from '../../src/guest/protocol/answers.ts'

const UNIT = 'mariadb.service'

/** What systemd says after a stop; the pidfile and timestamps as a guest gave them. */
export const STOPPED_UNIT = {
  ActiveState: 'inactive',
  SubState: 'dead',
  Result: 'success',
  ExecMainStatus: '0',
  MainPID: '0',
  NRestarts: '0',
  InvocationID: 'a51f7f2b7b7e4f3c9d1d6a0f6a1d2e3f',
  ActiveEnterTimestampMonotonic: '42517000',
  InactiveEnterTimestampMonotonic: '73470000',
  ExecMainStartTimestampMonotonic: '40110000',
}

function envelope(verb: string) {
  const bootId = '0f4b6a4e-8f0e-4a53-9d2c-1f2e3d4c5b6a'
  const uuid = '4c4c4544-0042-3510-8052-b4c04f4e4d31'
  const common = { version: 1, protocol: 1, helper: '0.1.0', hold: '', ok: true, error: null } as const
  return { ...common, verb, bootId, uuid, uptimeMs: 60_000 }
}

export function probeAnswer(dbms: Partial<NonNullable<ProbeAnswer['dbms']>> = {}): ProbeAnswer {
  const component = { kind: 'dbms', wanted: 'auto', unit: UNIT, loadState: 'loaded', active: true } as const
  return {
    ...envelope('probe'),
    profile: 'mysql',
    sha256: '0'.repeat(64),
    init: 'systemd',
    macs: ['52:54:00:12:34:56'],
    watchdog: 'systemd-run',
    openHold: null,
    components: [
      { ...component, enabled: 'enabled', fragmentPath: null, triggers: [], dependents: [], clusterManaged: false },
    ],
    dbms: {
      reachable: true,
      loginError: null,
      mainPid: 512,
      processes: [{ pid: 512, command: 'mariadbd' }],
      variables: { version: '10.11.19-MariaDB-0+deb12u1', innodb_fast_shutdown: '1', read_only: 'OFF' },
      status: { innodb_buffer_pool_pages_dirty: '0' },
      longTransactions: [],
      replicas: [],
      connectedReplicas: 0,
      directories: [],
      errorLog: null,
      socket: '/run/mysqld/mysqld.sock',
      pidFile: '/run/mysqld/mysqld.pid',
      ...dbms,
    },
    fileSystems: [],
    lastStopMs: null,
    lastStartMs: null,
  }
}

export function holdAnswer(dbms: StopFacts | null, unit: Record<string, string> = STOPPED_UNIT): HoldAnswer {
  const component = { kind: 'dbms', unit: UNIT, wasActive: true, blockedBy: 'drop-in' } as const
  return {
    ...envelope('hold'),
    profile: 'mysql',
    ttlMs: 120_000,
    firesUptimeMs: 180_000,
    watchdog: 'systemd-run',
    watchdogArmed: true,
    components: [{ ...component, triggers: [], dependents: [], stopMs: 900, activeState: 'inactive' }],
    stopRequestedUptimeMs: 60_000,
    stoppedUptimeMs: 60_900,
    syncedUptimeMs: 60_950,
    answeredUptimeMs: 61_000,
    markers: [],
    synced: true,
    dbms: dbms === null ? null : { ...dbms, unit },
  }
}

/** A fence that saw what the hold saw, unless told otherwise. */
export function releaseAnswer(
  { dbms }: HoldAnswer,
  changes: Partial<NonNullable<ReleaseAnswer['fence']>> = {},
): ReleaseAnswer {
  const { unit = {}, processes = [], redo = null, files = [] } = dbms ?? {}
  const fence = { takenUptimeMs: 62_000, watchdog: 'armed', expiredUptimeMs: null } as const
  return {
    ...envelope('release'),
    known: true,
    fence: { ...fence, components: { [UNIT]: 'inactive' }, unit, processes, redo, files, ...changes },
    components: [{ unit: UNIT, wasActive: true, startMs: 1_000, activeState: 'active' }],
    startRequestedUptimeMs: 62_010,
    startedUptimeMs: 63_000,
    readyUptimeMs: 63_100,
    watchdogDisarmed: true,
  }
}

export function comeBackAnswer(log: LogFacts, dbms: Partial<NonNullable<ComeBackAnswer['dbms']>> = {}): ComeBackAnswer {
  const facts = { unit: { ActiveState: 'active' }, socketExists: true, select1: true, loginError: null }
  const variables = { version: '10.11.19-MariaDB-0+deb12u1', read_only: 'OFF' }
  return {
    ...envelope('come-back'),
    components: [{ unit: UNIT, activeState: 'active', related: [] }],
    dbms: { ...facts, log, variables, replicas: [], ...dbms },
    markers: [],
  }
}
