import type { FromSchema } from 'json-schema-to-ts'
import { envelope, envelopeRequired, files, log, processes, redo, relatedUnit, replicas, shapes } from './parts.ts'

const { text, whole, wholeOrNull, textOrNull, bool, texts, textMap } = shapes

/** A disk under a file system, found through partitions, LVM, MD, LUKS and multipath. */
const guestDisk = {
  type: 'object',
  properties: {
    /** Kernel name: `vda`, `sdb`. */
    name: text,
    serial: textOrNull,
    /** Names in /dev/disk/by-id that lead to it. */
    byId: texts,
    sizeBytes: whole,
    /** `virtio`, `scsi`, `ide`, `nvme`, … from sysfs; null when unknown. */
    bus: textOrNull,
    /** Position on its bus as the guest sees it (SCSI target or lun, virtio PCI order, NVMe index); null when unknown. */
    unit: wholeOrNull,
  },
  required: ['name', 'serial', 'byId', 'sizeBytes', 'bus', 'unit'],
} as const

const fileSystem = {
  type: 'object',
  properties: {
    target: text,
    source: text,
    type: text,
    availableBytes: wholeOrNull,
    disks: { type: 'array', items: guestDisk },
    /** Null when every layer down to disks was understood; else the layer that was not (network, overlay, …). */
    unresolved: textOrNull,
  },
  required: ['target', 'source', 'type', 'availableBytes', 'disks', 'unresolved'],
} as const

const directory = {
  type: 'object',
  properties: {
    role: { enum: ['data', 'innodb', 'redo', 'undo', 'binlog', 'relay-log', 'table', 'aria'] },
    path: text,
    /** {@link fileSystem}.target that it lies on. */
    mount: text,
  },
  required: ['role', 'path', 'mount'],
} as const

const probedComponent = {
  type: 'object',
  properties: {
    kind: { enum: ['dbms', 'unit'] },
    /** As the profile names it: `auto` or a unit. */
    wanted: text,
    /** Resolved (aliases followed): `mariadb.service`; a SysV name without suffix; null when nothing was found. */
    unit: textOrNull,
    loadState: textOrNull,
    active: bool,
    /** systemctl is-enabled, or `enabled`/`disabled` by rc links under SysV. */
    enabled: textOrNull,
    /** Path of the unit file, to tell a pacemaker-managed or generated unit. */
    fragmentPath: textOrNull,
    triggers: { type: 'array', items: relatedUnit },
    dependents: { type: 'array', items: relatedUnit },
    /** True when a cluster manager (pacemaker) has it as a resource. */
    clusterManaged: bool,
  },
  required: [
    'kind',
    'wanted',
    'unit',
    'loadState',
    'active',
    'enabled',
    'fragmentPath',
    'triggers',
    'dependents',
    'clusterManaged',
  ],
} as const

const probedDbms = {
  type: ['object', 'null'],
  properties: {
    /** Whether the helper could log in and ask; false: everything asked of the server is empty, `loginError` says why. */
    reachable: bool,
    loginError: textOrNull,
    mainPid: wholeOrNull,
    processes,
    /** SHOW GLOBAL VARIABLES, the ones in docs/reference/helper.md. Names in lower case. */
    variables: textMap,
    /** SHOW GLOBAL STATUS, the ones in docs/reference/helper.md (dirty pages, wsrep_…). Names in lower case. */
    status: textMap,
    /** Transactions open for longer than a second, longest first, at most 20. */
    longTransactions: {
      type: 'array',
      items: { type: 'object', properties: { thread: text, seconds: whole }, required: ['thread', 'seconds'] },
    },
    replicas,
    /** Servers that read our binlog now. */
    connectedReplicas: whole,
    directories: { type: 'array', items: directory },
    /** Size of data, for the forecast; null when it would take long to learn. */
    errorLog: textOrNull,
    socket: textOrNull,
    pidFile: textOrNull,
  },
  required: [
    'reachable',
    'loginError',
    'mainPid',
    'processes',
    'variables',
    'status',
    'longTransactions',
    'replicas',
    'connectedReplicas',
    'directories',
    'errorLog',
    'socket',
    'pidFile',
  ],
} as const

/** `probe PROFILE`: everything that preflight needs, in one round trip; changes nothing. */
export const probeSchema = {
  type: 'object',
  properties: {
    ...envelope,
    profile: text,
    sha256: text,
    init: { enum: ['systemd', 'sysv'] },
    macs: texts,
    watchdog: { enum: ['systemd-run', 'process'] },
    openHold: {
      type: ['object', 'null'],
      properties: { id: text, state: text, profile: text },
      required: ['id', 'state', 'profile'],
    },
    components: { type: 'array', items: probedComponent },
    dbms: probedDbms,
    fileSystems: { type: 'array', items: fileSystem },
    /** Forecasts from earlier holds in this guest; null when there was none. */
    lastStopMs: wholeOrNull,
    lastStartMs: wholeOrNull,
  },
  required: [
    ...envelopeRequired,
    'profile',
    'sha256',
    'init',
    'macs',
    'watchdog',
    'openHold',
    'components',
    'dbms',
    'fileSystems',
    'lastStopMs',
    'lastStartMs',
  ],
} as const

/** `drain PROFILE ID SECONDS`: dirty-page target lowered, waited, bounded; a timer in the guest puts the settings back. */
export const drainSchema = {
  type: 'object',
  properties: {
    ...envelope,
    dirtyBefore: wholeOrNull,
    dirtyAfter: wholeOrNull,
    waitedMs: whole,
    /** Variable and the value it had. */
    changed: textMap,
  },
  required: [...envelopeRequired, 'dirtyBefore', 'dirtyAfter', 'waitedMs', 'changed'],
} as const

const heldComponent = {
  type: 'object',
  properties: {
    kind: { enum: ['dbms', 'unit'] },
    unit: text,
    wasActive: bool,
    triggers: { type: 'array', items: relatedUnit },
    dependents: { type: 'array', items: relatedUnit },
    blockedBy: { enum: ['mask', 'drop-in', 'none'] },
    stopMs: whole,
    /** ActiveState after the stop. */
    activeState: text,
  },
  required: ['kind', 'unit', 'wasActive', 'triggers', 'dependents', 'blockedBy', 'stopMs', 'activeState'],
} as const

const stopFacts = {
  type: ['object', 'null'],
  properties: {
    /** systemctl show of the unit after the stop; empty under SysV. */
    unit: textMap,
    /** Main pid before the stop; null when the server was not running before. */
    pidBefore: wholeOrNull,
    processes,
    pidFileExists: bool,
    socketExists: bool,
    /** Open files below the directories of the server, by anybody; null when they could not be counted. */
    openFiles: wholeOrNull,
    /** Since just before the stop. */
    log,
    redo,
    files,
  },
  required: ['unit', 'pidBefore', 'processes', 'pidFileExists', 'socketExists', 'openFiles', 'log', 'redo', 'files'],
} as const

/** `hold PROFILE ID TTL_MS START_MS`. Asked again with the same id it answers what it answered. */
export const holdSchema = {
  type: 'object',
  properties: {
    ...envelope,
    profile: text,
    ttlMs: whole,
    /** When the watchdog fires. */
    firesUptimeMs: whole,
    watchdog: { enum: ['systemd-run', 'process'] },
    watchdogArmed: bool,
    components: { type: 'array', items: heldComponent },
    stopRequestedUptimeMs: whole,
    stoppedUptimeMs: whole,
    syncedUptimeMs: wholeOrNull,
    answeredUptimeMs: whole,
    markers: {
      type: 'array',
      items: {
        type: 'object',
        properties: { mount: text, path: text, written: bool },
        required: ['mount', 'path', 'written'],
      },
    },
    /** True only when sync of every file system of the profile returned 0 after the marker was written. */
    synced: bool,
    dbms: stopFacts,
  },
  required: [
    ...envelopeRequired,
    'profile',
    'ttlMs',
    'firesUptimeMs',
    'watchdog',
    'watchdogArmed',
    'components',
    'stopRequestedUptimeMs',
    'stoppedUptimeMs',
    'syncedUptimeMs',
    'answeredUptimeMs',
    'markers',
    'synced',
    'dbms',
  ],
} as const

const fenceFacts = {
  type: ['object', 'null'],
  properties: {
    takenUptimeMs: whole,
    /** `fired` also when the hold was marked expired; `missing`: neither armed nor fired. */
    watchdog: { enum: ['armed', 'fired', 'missing'] },
    expiredUptimeMs: wholeOrNull,
    /** ActiveState of every component that was held, before anything is started: unit -> state. */
    components: textMap,
    unit: textMap,
    processes,
    redo,
    files,
  },
  required: ['takenUptimeMs', 'watchdog', 'expiredUptimeMs', 'components', 'unit', 'processes', 'redo', 'files'],
} as const

/**
 * `release ID`. Asked again it answers what it answered; of an unknown id it records the release, so that a hold that
 * arrives late refuses (`known: false`, `fence: null`).
 */
export const releaseSchema = {
  type: 'object',
  properties: {
    ...envelope,
    known: bool,
    /** Taken before anything was started; null when there was no such hold. */
    fence: fenceFacts,
    components: {
      type: 'array',
      items: {
        type: 'object',
        properties: { unit: text, wasActive: bool, startMs: whole, activeState: text },
        required: ['unit', 'wasActive', 'startMs', 'activeState'],
      },
    },
    startRequestedUptimeMs: wholeOrNull,
    /** The server's socket was there. */
    startedUptimeMs: wholeOrNull,
    /** The first SELECT 1 was answered; null when it was not within the limit, or no DBMS ran before. */
    readyUptimeMs: wholeOrNull,
    watchdogDisarmed: bool,
  },
  required: [
    ...envelopeRequired,
    'known',
    'fence',
    'components',
    'startRequestedUptimeMs',
    'startedUptimeMs',
    'readyUptimeMs',
    'watchdogDisarmed',
  ],
} as const

/** `come-back PROFILE ID`: how everything is after the release (ID) or after a boot (ID `-`). */
export const comeBackSchema = {
  type: 'object',
  properties: {
    ...envelope,
    components: {
      type: 'array',
      items: {
        type: 'object',
        properties: { unit: text, activeState: text, related: { type: 'array', items: relatedUnit } },
        required: ['unit', 'activeState', 'related'],
      },
    },
    dbms: {
      type: ['object', 'null'],
      properties: {
        unit: textMap,
        socketExists: bool,
        select1: bool,
        loginError: textOrNull,
        /** Since the last start of the server. */
        log,
        variables: textMap,
        replicas,
      },
      required: ['unit', 'socketExists', 'select1', 'loginError', 'log', 'variables', 'replicas'],
    },
    markers: {
      type: 'array',
      items: {
        type: 'object',
        properties: { mount: text, path: text, content: textOrNull },
        required: ['mount', 'path', 'content'],
      },
    },
  },
  required: [...envelopeRequired, 'components', 'dbms', 'markers'],
} as const

/** `status`: holds that this boot knows; changes nothing. */
export const statusSchema = {
  type: 'object',
  properties: {
    ...envelope,
    sha256: text,
    holds: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: text,
          profile: text,
          state: { enum: ['stopping', 'held', 'releasing', 'released', 'expired', 'refused', 'blocked'] },
          firesUptimeMs: wholeOrNull,
        },
        required: ['id', 'profile', 'state', 'firesUptimeMs'],
      },
    },
  },
  required: [...envelopeRequired, 'sha256', 'holds'],
} as const

/** `undrain PROFILE ID`: settings put back. Idempotent. */
export const undrainSchema = {
  type: 'object',
  properties: { ...envelope, restored: textMap },
  required: [...envelopeRequired, 'restored'],
} as const

export type ProbeAnswer = FromSchema<typeof probeSchema>
export type DrainAnswer = FromSchema<typeof drainSchema>
export type HoldAnswer = FromSchema<typeof holdSchema>
export type ReleaseAnswer = FromSchema<typeof releaseSchema>
export type ComeBackAnswer = FromSchema<typeof comeBackSchema>
export type StatusAnswer = FromSchema<typeof statusSchema>
export type UndrainAnswer = FromSchema<typeof undrainSchema>

export type ProbedDbms = NonNullable<ProbeAnswer['dbms']>
export type StopFacts = NonNullable<HoldAnswer['dbms']>
export type FenceFacts = NonNullable<ReleaseAnswer['fence']>
export type RedoFacts = NonNullable<StopFacts['redo']>
export type LogFacts = StopFacts['log']
export type GuestFileSystem = ProbeAnswer['fileSystems'][number]
export type GuestDisk = GuestFileSystem['disks'][number]
