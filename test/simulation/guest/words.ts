import type { GuestHold } from './guest-hold.ts'

/** What does not change as long as the machine is the same. */
export interface Identity {
  readonly uuid: string
  readonly mac: string
  readonly sha256: string
  readonly diskSerial: string
  readonly diskBytes: number
}

/** What the documents are made from. */
export interface GuestFacts extends Identity {
  readonly bootId: string
  readonly running: boolean
  /** A server's process is there, whoever started it and however far it has come. */
  readonly processes: number
  readonly web: boolean
  /** Counts the starts of the server. */
  readonly invocation: number
  /** Counts what changed its files. */
  readonly writes: number
  readonly cleanStop: boolean
  readonly recovered: boolean
  readonly marker: string | null
}

const SERVER = 'mariadb.service'
const WEB = 'apache2.service'
const MARKER_PATH = '/var/lib/stillshot/stillshot-marker'
const NO_LOG = { source: 'none', path: null, textBase64: '', truncated: false }

/** A document as the real helper writes it, checked by the same schemas when it arrives. */
export function answer(verb: string, hold: string, facts: GuestFacts, uptimeMs: number, more: object): string {
  return JSON.stringify({ ...envelope(verb, hold, facts, uptimeMs), ...body(verb, facts, uptimeMs), ...more })
}

export function refusal(
  verb: string,
  hold: string,
  facts: GuestFacts,
  uptimeMs: number,
  error: { code: string; message: string },
): string {
  return JSON.stringify({ ...envelope(verb, hold, facts, uptimeMs), ok: false, error })
}

function envelope(verb: string, hold: string, { bootId, uuid }: GuestFacts, uptimeMs: number): object {
  return { version: 1, protocol: 1, helper: '0', verb, hold, ok: true, error: null, bootId, uuid, uptimeMs }
}

function body(verb: string, facts: GuestFacts, uptimeMs: number): object {
  if (verb === 'probe') return probe(facts)
  if (verb === 'hold') return held(facts, uptimeMs)
  return verb === 'come-back' ? cameBack(facts) : {}
}

function active(facts: GuestFacts, unit: string): boolean {
  return unit === SERVER ? facts.running : facts.web
}

function processesOf({ processes }: GuestFacts): object[] {
  return processes === 0 ? [] : [{ pid: 1, command: 'mariadbd' }]
}

function unitFacts(facts: GuestFacts): Record<string, string> {
  return {
    ActiveState: facts.running ? 'active' : 'inactive',
    Result: facts.cleanStop ? 'success' : 'signal',
    InvocationID: String(facts.invocation),
    Writes: String(facts.writes),
  }
}

function probe(facts: GuestFacts): object {
  const { sha256, mac, diskSerial, diskBytes } = facts
  const disk = { name: 'vda', serial: diskSerial, byId: [], sizeBytes: diskBytes, bus: 'virtio', unit: 0 }
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
      { kind: 'unit', wanted: WEB, unit: WEB, ...PROBED, active: facts.web },
      { kind: 'dbms', wanted: 'auto', unit: SERVER, ...PROBED, active: facts.running },
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

const PROBED = {
  loadState: 'loaded',
  enabled: 'enabled',
  fragmentPath: null,
  triggers: [],
  dependents: [],
  clusterManaged: false,
}

function held(facts: GuestFacts, uptimeMs: number): object {
  return {
    profile: 'mysql',
    watchdog: 'systemd-run',
    syncedUptimeMs: uptimeMs,
    answeredUptimeMs: uptimeMs,
    markers: [{ mount: '/', path: MARKER_PATH, written: true }],
    dbms: {
      unit: unitFacts(facts),
      pidBefore: 1,
      processes: processesOf(facts),
      pidFileExists: false,
      socketExists: false,
      openFiles: 0,
      log: NO_LOG,
      redo: null,
      files: [],
    },
  }
}

/** What a hold says besides its evidence. */
export function heldFacts(
  { ttlMs, firesUptimeMs, stopRequestedUptimeMs, plan }: GuestHold,
  shown: { stoppedUptimeMs: number; synced: boolean; watchdogArmed: boolean },
): object {
  const component = { triggers: [], dependents: [], blockedBy: 'drop-in', stopMs: 500, activeState: 'inactive' }
  return {
    ttlMs,
    firesUptimeMs,
    stopRequestedUptimeMs,
    components: [
      { kind: 'unit', unit: WEB, wasActive: plan.web, ...component },
      { kind: 'dbms', unit: SERVER, wasActive: plan.server, ...component },
    ],
    ...shown,
  }
}

interface Released {
  readonly fence: GuestFacts & { watchdog: string; takenUptimeMs: number; expiredUptimeMs: number | null }
  readonly startRequestedUptimeMs: number | null
  readonly readyUptimeMs: number | null
  readonly complete: boolean
}

/** What a release says; undefined: of a hold that nothing is known of. */
export function releasedFacts(released: Released | undefined): object {
  const error = { code: 'start-failed', message: 'not everything that ran is active again' }
  return {
    known: released !== undefined,
    fence: released === undefined ? null : fenceFacts(released.fence),
    components: [],
    startRequestedUptimeMs: released?.startRequestedUptimeMs ?? null,
    startedUptimeMs: released?.readyUptimeMs ?? null,
    readyUptimeMs: released?.readyUptimeMs ?? null,
    watchdogDisarmed: released?.complete ?? false,
    ...(released?.complete === false ? { ok: false, error } : {}),
  }
}

function fenceFacts(fence: Released['fence']): object {
  const { takenUptimeMs, watchdog, expiredUptimeMs } = fence
  const state = (unit: string) => (active(fence, unit) ? 'active' : 'inactive')
  return {
    takenUptimeMs,
    watchdog,
    expiredUptimeMs,
    components: { [SERVER]: state(SERVER), [WEB]: state(WEB) },
    unit: unitFacts(fence),
    processes: processesOf(fence),
    redo: null,
    files: [],
  }
}

function cameBack(facts: GuestFacts): object {
  const component = (unit: string) => ({ unit, activeState: active(facts, unit) ? 'active' : 'failed', related: [] })
  return {
    components: [component(WEB), component(SERVER)],
    dbms: {
      unit: unitFacts(facts),
      socketExists: facts.running,
      select1: facts.running,
      loginError: null,
      log: { ...NO_LOG, textBase64: facts.recovered ? btoa('Starting crash recovery') : '' },
      variables: {},
      replicas: [],
    },
    markers: [{ mount: '/', path: MARKER_PATH, content: facts.marker }],
  }
}
