import {
  envelope,
  MARKER,
  probeDocument,
  probedComponent,
  SERVER,
  serverNow,
  stoppedServer,
  WEB,
} from '../../world/guest-documents.ts'
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

function body(verb: string, facts: GuestFacts): object {
  if (verb === 'probe') return probe(facts)
  // No hook is in this guest: it is never frozen from inside.
  if (verb === 'kept') return { wallMs: 0, freezes: [], freeze: null }
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
  const { mac, diskSerial: serial, diskBytes: sizeBytes, running, web } = facts
  const components = [probedComponent('unit', WEB, WEB, web), probedComponent('dbms', 'auto', SERVER, running)]
  return probeDocument({ mac, disk: { serial, sizeBytes }, running, components })
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
    markers: [{ ...MARKER, written: true }],
    dbms: stoppedServer(unitFacts(facts), plan.server ? 1 : null, processesOf(facts)),
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

/** What a fence shows, in a release and by itself. */
export function fenceFacts({
  fence,
  watchdog,
  expiredUptimeMs,
}: Pick<Released, 'fence' | 'watchdog' | 'expiredUptimeMs'>): object {
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

/** What a copy is asked: nothing damages the tables of this world. */
export function examined({ marker, running }: GuestFacts): object {
  const tables = running ? { checked: 30, unchecked: 0, badCount: 0, bad: [], error: null } : null
  return { markers: [{ path: MARKER.path, content: marker }], tables, assertions: [] }
}

function cameBack(facts: GuestFacts): object {
  return {
    components: Object.entries(activeStates(facts)).map(([unit, activeState]) => ({ unit, activeState, related: [] })),
    dbms: serverNow(unitFacts(facts), facts),
    markers: [{ ...MARKER, content: facts.marker }],
  }
}
