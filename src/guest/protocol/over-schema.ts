import { envelope, envelopeRequired } from './parts.ts'

/** `over PROFILE ID forward|back|done held|free`: what was unpacked, over what is there; or as it was before. Idempotent. */
export const overSchema = {
  type: 'object',
  properties: {
    ...envelope,
    /** How it is now: all of it is written, all is as it was, or nothing of it is known (any more). */
    way: { enum: ['forward', 'back', 'none'] },
  },
  required: [...envelopeRequired, 'way'],
} as const
