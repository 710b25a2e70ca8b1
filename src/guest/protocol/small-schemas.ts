import { halfRestored } from './half-schema.ts'
import { envelope, envelopeRequired, shapes } from './parts.ts'

const { text, whole, wholeOrNull, textMap } = shapes

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

/** `undrain PROFILE ID`: settings put back. Idempotent. */
export const undrainSchema = {
  type: 'object',
  properties: { ...envelope, restored: textMap },
  required: [...envelopeRequired, 'restored'],
} as const

/** `status`: holds that this boot knows; changes nothing. */
export const statusSchema = {
  type: 'object',
  properties: {
    ...envelope,
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
    half: halfRestored,
  },
  required: [...envelopeRequired, 'sha256', 'holds'],
} as const

/** `collect ID`: what a hold and its release answered, as it was saved in the guest; null where there is none. */
export const collectSchema = {
  type: 'object',
  properties: { ...envelope, holdAnswer: { type: ['object', 'null'] }, releaseAnswer: { type: ['object', 'null'] } },
  required: [...envelopeRequired, 'holdAnswer', 'releaseAnswer'],
} as const

/** `clock`: the system's clock, set by the machine's own. */
export const clockSchema = {
  type: 'object',
  properties: { ...envelope, beforeWallMs: whole, wallMs: whole },
  required: [...envelopeRequired, 'beforeWallMs', 'wallMs'],
} as const

/** `version`: which helper this is. */
export const versionSchema = {
  type: 'object',
  properties: envelope,
  required: [...envelopeRequired, 'sha256'],
} as const
