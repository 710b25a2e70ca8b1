import { envelope, envelopeRequired, shapes } from './parts.ts'

const { text, texts, textOrNull, whole, bool } = shapes

/**
 * Databases that a load has begun to replace and that are not whole yet; null where all are whole. A helper that is older than
 * such marks does not say.
 */
export const halfRestored = {
  type: ['object', 'null'],
  properties: {
    /** The restore that began it; empty where the mark cannot be read. */
    run: text,
    /** ISO 8601, by the guest's clock. */
    since: text,
    /** What the run held is kept from starting, also by a boot. */
    held: bool,
    databases: texts,
    /** `drop` or `back`: a load of that way was carried out to its end since, and only the last word is missing. */
    loaded: textOrNull,
    /** Others are in the place of those that the run began to replace: a roll back, or a person, put them there. Absent: it does not say. */
    replaced: bool,
  },
  required: ['run', 'since', 'held', 'databases', 'loaded'],
} as const

/** `renew ID TTL_MS`: the watchdog waits so much longer. Refused for a hold that is over, or a day old. */
export const renewSchema = {
  type: 'object',
  properties: { ...envelope, firesUptimeMs: whole },
  required: [...envelopeRequired, 'firesUptimeMs'],
} as const

/**
 * `whole ID forward|back|mended`: the databases that this load began to replace are whole. Idempotent; refused where no load of
 * that way was carried out to its end.
 */
export const wholeSchema = {
  type: 'object',
  properties: {
    ...envelope,
    /** False: there is no mark of this load, or no more. */
    known: bool,
    /** What ran before was started here, because the hold is over. */
    started: bool,
  },
  required: [...envelopeRequired, 'known', 'started'],
} as const
