import {
  envelope,
  MARKER,
  probeDocument,
  probedComponent,
  SERVER,
  serverNow,
  stoppedServer,
} from './guest-documents.ts'

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
  /** Readers of the binary log that are connected. */
  replicas: number
}

type More = Readonly<Record<string, unknown>>

/** A document as the helper writes it, by verb. */
export function answerOf(verb: string, hold: string, facts: ModelFacts, uptimeMs: number, more: More): object {
  const body: Readonly<Record<string, () => object>> = {
    probe: () => ({ ...probe(facts), ...more }),
    hold: () => held(facts, uptimeMs, more),
    fence: () => fenced(uptimeMs, more),
    release: () => released(facts, uptimeMs, more),
    'come-back': () => cameBack(facts),
  }
  return { ...envelope(verb, hold, facts, uptimeMs), ...(body[verb]?.() ?? more) }
}

function unit(facts: ModelFacts): Record<string, string> {
  return {
    ActiveState: facts.running ? 'active' : 'inactive',
    Result: facts.cleanStop ? 'success' : 'signal',
    InvocationID: String(facts.invocation),
    Writes: String(facts.writes),
  }
}

function probe({ mac, serial, sizeBytes, running, replicas }: ModelFacts): object {
  const components = [probedComponent('dbms', 'auto', SERVER, running)]
  return probeDocument({ mac, disk: { serial, sizeBytes }, running, replicas, components })
}

function held(facts: ModelFacts, uptimeMs: number, more: More): object {
  const component = {
    kind: 'dbms',
    unit: SERVER,
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
    markers: [{ ...MARKER, written: true }],
    dbms: stoppedServer(unit(facts), 1, []),
    ...more,
  }
}

interface Fenced {
  readonly known: boolean
  /** Null where no such hold is known. */
  readonly fenceState: string | null
  readonly fence: ModelFacts
}

function fenced(uptimeMs: number, more: More): object {
  const { known, fenceState, fence } = more as unknown as Fenced
  if (fenceState === null) return { known, fence: null }
  const taken = {
    takenUptimeMs: uptimeMs - 800,
    watchdog: fenceState,
    expiredUptimeMs: fenceState === 'fired' ? uptimeMs - 1000 : null,
    components: { [SERVER]: fence.running ? 'active' : 'inactive' },
    unit: unit(fence),
    ...{ processes: [], redo: null, files: [] },
  }
  return { known, fence: taken }
}

function released(facts: ModelFacts, uptimeMs: number, more: More): object {
  const { known, fenceState, fence, ...ending } = more as unknown as Fenced & { ok?: boolean }
  const ready = facts.running && known ? uptimeMs : null
  return {
    ...fenced(uptimeMs, { known, fenceState, fence }),
    components: [],
    startRequestedUptimeMs: uptimeMs - 800,
    startedUptimeMs: ready,
    readyUptimeMs: ready,
    watchdogDisarmed: ending.ok !== false,
    ...ending,
  }
}

function cameBack(facts: ModelFacts): object {
  return {
    components: [{ unit: SERVER, activeState: facts.running ? 'active' : 'failed', related: [] }],
    dbms: serverNow(unit(facts), facts),
    markers: [{ ...MARKER, content: facts.marker }],
  }
}
