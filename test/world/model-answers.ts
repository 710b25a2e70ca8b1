/** The state of a model guest that its answers are made from. */
export interface ModelFacts {
  uuid: string
  mac: string
  sha256: string
  bootId: string
  running: boolean
  /** Counts the starts of the server. */
  invocation: number
  /** Counts what changed its files. */
  writes: number
  serial: string
  sizeBytes: number
  marker: string | null
  cleanStop: boolean
  recovered: boolean
}

type More = Readonly<Record<string, unknown>>

/** A document as the helper writes it, by verb. */
export function answerOf(verb: string, hold: string, facts: ModelFacts, uptimeMs: number, more: More): object {
  const { bootId, uuid } = facts
  const envelope = { version: 1, protocol: 1, helper: '0', verb, hold, ok: true, error: null, bootId, uuid, uptimeMs }
  const body: Readonly<Record<string, () => object>> = {
    probe: () => probe(facts),
    hold: () => held(facts, uptimeMs, more),
    release: () => released(facts, uptimeMs, more),
    'come-back': () => cameBack(facts),
  }
  return { ...envelope, ...(body[verb]?.() ?? more) }
}

function unit(facts: ModelFacts): Record<string, string> {
  return {
    ActiveState: facts.running ? 'active' : 'inactive',
    Result: facts.cleanStop ? 'success' : 'signal',
    InvocationID: String(facts.invocation),
    Writes: String(facts.writes),
  }
}

function probe(facts: ModelFacts): object {
  const { sha256, mac, serial, sizeBytes } = facts
  const disk = { name: 'vda', serial, byId: [], sizeBytes, bus: 'virtio', unit: 0 }
  return {
    profile: 'mysql',
    sha256,
    init: 'systemd',
    macs: [mac],
    watchdog: 'systemd-run',
    openHold: null,
    lastStopMs: null,
    lastStartMs: null,
    components: [
      {
        kind: 'dbms',
        wanted: 'auto',
        unit: 'mariadb.service',
        loadState: 'loaded',
        active: facts.running,
        enabled: 'enabled',
        fragmentPath: null,
        triggers: [],
        dependents: [],
        clusterManaged: false,
      },
    ],
    dbms: {
      reachable: facts.running,
      loginError: null,
      mainPid: 1,
      processes: [],
      variables: {},
      status: {},
      longTransactions: [],
      replicas: [],
      connectedReplicas: 0,
      directories: [{ role: 'data', path: '/var/lib/mysql', mount: '/' }],
      errorLog: null,
      socket: null,
      pidFile: null,
    },
    fileSystems: [
      { target: '/', source: '/dev/vda', type: 'ext4', availableBytes: 1, disks: [disk], unresolved: null },
    ],
  }
}

const noLog = { source: 'none', path: null, textBase64: '', truncated: false }

function held(facts: ModelFacts, uptimeMs: number, more: More): object {
  const component = {
    kind: 'dbms',
    unit: 'mariadb.service',
    wasActive: true,
    triggers: [],
    dependents: [],
    blockedBy: 'drop-in',
    stopMs: 500,
    activeState: 'inactive',
  }
  return {
    profile: 'mysql',
    watchdog: 'systemd-run',
    watchdogArmed: true,
    components: [component],
    stoppedUptimeMs: uptimeMs,
    syncedUptimeMs: uptimeMs,
    answeredUptimeMs: uptimeMs,
    markers: [{ mount: '/', path: '/var/lib/stillshot/stillshot-marker', written: true }],
    dbms: {
      unit: unit(facts),
      pidBefore: 1,
      processes: [],
      pidFileExists: false,
      socketExists: false,
      openFiles: 0,
      log: noLog,
      redo: null,
      files: [],
    },
    ...more,
  }
}

function released(facts: ModelFacts, uptimeMs: number, more: More): object {
  const { known, fenceState, fence } = more as { known: boolean; fenceState: string | null; fence: ModelFacts }
  const ready = facts.running && known ? uptimeMs : null
  return {
    known,
    fence:
      fenceState === null
        ? null
        : {
            takenUptimeMs: uptimeMs - 800,
            watchdog: fenceState,
            expiredUptimeMs: fenceState === 'fired' ? uptimeMs - 1000 : null,
            components: { 'mariadb.service': fence.running ? 'active' : 'inactive' },
            unit: unit(fence),
            processes: [],
            redo: null,
            files: [],
          },
    components: [],
    startRequestedUptimeMs: uptimeMs - 800,
    startedUptimeMs: ready,
    readyUptimeMs: ready,
    watchdogDisarmed: true,
  }
}

function cameBack(facts: ModelFacts): object {
  return {
    components: [{ unit: 'mariadb.service', activeState: facts.running ? 'active' : 'failed', related: [] }],
    dbms: {
      unit: unit(facts),
      socketExists: facts.running,
      select1: facts.running,
      loginError: null,
      log: { ...noLog, textBase64: btoa(facts.recovered ? 'Starting crash recovery' : '') },
      variables: {},
      replicas: [],
    },
    markers: [{ mount: '/', path: '/var/lib/stillshot/stillshot-marker', content: facts.marker }],
  }
}
