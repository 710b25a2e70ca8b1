import { envelope, envelopeRequired, files, processes, redo, shapes } from './parts.ts'

const { text, whole, wholeOrNull, bool, textMap } = shapes

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

/** `fence ID`: the fence of a hold that goes on; null where nothing is known of such a hold. Nothing is started. */
export const fenceSchema = {
  type: 'object',
  properties: { ...envelope, known: bool, fence: fenceFacts },
  required: [...envelopeRequired, 'sha256', 'known', 'fence'],
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
