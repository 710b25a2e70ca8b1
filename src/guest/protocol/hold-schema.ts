import { envelope, envelopeRequired, files, log, processes, redo, relatedUnit, shapes } from './parts.ts'

const { text, whole, wholeOrNull, bool, textMap } = shapes

const heldComponent = {
  type: 'object',
  properties: {
    kind: { enum: ['dbms', 'unit'] },
    unit: text,
    wasActive: bool,
    triggers: { type: 'array', items: relatedUnit },
    dependents: { type: 'array', items: relatedUnit },
    blockedBy: { enum: ['drop-in', 'none'] },
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
