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
  /** The server's, as systemd has it. */
  readonly activeState: string
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
  return JSON.stringify({ ...envelope(verb, hold, facts, uptimeMs), ...body(verb, facts), ...more })
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

function body(verb: string, facts: GuestFacts): object {
  if (verb === 'probe') return probe(facts)
  return verb === 'come-back' ? cameBack(facts) : {}
}

function activeStates(facts: GuestFacts): Readonly<Record<string, string>> {
  return { [WEB]: facts.web ? 'active' : 'inactive', [SERVER]: facts.activeState }
}

function processesOf({ processes }: GuestFacts): object[] {
  return processes === 0 ? [] : [{ pid: 1, command: 'mariadbd' }]
}

function unitFacts(facts: GuestFacts): Record<string, string> {
  return {
    ActiveState: facts.activeState,
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

interface Shown {
  /** As things were after the stop. */
  readonly facts: GuestFacts
  readonly stoppedUptimeMs: number
  /** Null when the disk did not say that it has everything. */
  readonly syncedUptimeMs: number | null
  readonly answeredUptimeMs: number
}

/** What a hold says when everything stands still. */
export function heldFacts(hold: GuestHold, { facts, ...shown }: Shown): object {
  const { ttlMs, firesUptimeMs, stopRequestedUptimeMs = shown.stoppedUptimeMs, plan } = hold
  return {
    profile: 'mysql',
    ttlMs,
    firesUptimeMs,
    watchdog: 'systemd-run',
    // The real one looks before it stops anything; what becomes of the watchdog later, the fence shows.
    watchdogArmed: true,
    stopRequestedUptimeMs,
    ...shown,
    synced: shown.syncedUptimeMs !== null,
    components: [
      { kind: 'unit', unit: WEB, ...stopped(plan.web, 0) },
      { kind: 'dbms', unit: SERVER, ...stopped(plan.server, shown.stoppedUptimeMs - stopRequestedUptimeMs) },
    ],
    markers: [{ mount: '/', path: MARKER_PATH, written: true }],
    dbms: {
      unit: unitFacts(facts),
      pidBefore: plan.server ? 1 : null,
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

/** Only what was active is stopped, and kept from being started. */
function stopped(wasActive: boolean, stopMs: number): object {
  const blockedBy = wasActive ? 'drop-in' : 'none'
  return { wasActive, triggers: [], dependents: [], blockedBy, stopMs: wasActive ? stopMs : 0, activeState: 'inactive' }
}

interface Released {
  /** As things were before anything was started. */
  readonly fence: GuestFacts & { takenUptimeMs: number }
  readonly watchdog: string
  readonly expiredUptimeMs: number | null
  readonly plan: GuestHold['plan']
  /** As things are now. */
  readonly facts: GuestFacts
  readonly startRequestedUptimeMs: number | null
  readonly readyUptimeMs: number | null
  readonly complete: boolean
}

/** What a release says; undefined: of a hold that nothing is known of. */
export function releasedFacts(released: Released | undefined): object {
  const error = { code: 'start-failed', message: 'not everything that ran is active again' }
  return {
    known: released !== undefined,
    fence: released === undefined ? null : fenceFacts(released),
    components: released === undefined ? [] : startedComponents(released),
    startRequestedUptimeMs: released?.startRequestedUptimeMs ?? null,
    startedUptimeMs: released?.readyUptimeMs ?? null,
    readyUptimeMs: released?.readyUptimeMs ?? null,
    watchdogDisarmed: released?.complete ?? false,
    ...(released?.complete === false ? { ok: false, error } : {}),
  }
}

function fenceFacts({ fence, watchdog, expiredUptimeMs }: Released): object {
  return {
    takenUptimeMs: fence.takenUptimeMs,
    watchdog,
    expiredUptimeMs,
    components: activeStates(fence),
    unit: unitFacts(fence),
    processes: processesOf(fence),
    redo: null,
    files: [],
  }
}

function startedComponents({ plan, facts, startRequestedUptimeMs, readyUptimeMs }: Released): object[] {
  const startMs = (readyUptimeMs ?? 0) - (startRequestedUptimeMs ?? 0)
  const wasActive: Readonly<Record<string, boolean>> = { [WEB]: plan.web, [SERVER]: plan.server }
  return Object.entries(activeStates(facts)).map(([unit, activeState]) => ({
    unit,
    wasActive: wasActive[unit],
    startMs: unit === SERVER ? Math.max(0, startMs) : 0,
    activeState,
  }))
}

function cameBack(facts: GuestFacts): object {
  return {
    components: Object.entries(activeStates(facts)).map(([unit, activeState]) => ({ unit, activeState, related: [] })),
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
