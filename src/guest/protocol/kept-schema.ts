import { envelope, envelopeRequired, shapes } from './parts.ts'

const { text, whole, bool } = shapes

/**
 * The guest's uptime in the middle of reading its wall clock, and how long that took: so far may the two be apart. Helpers before
 * it do not say so.
 */
const clocks = {
  type: 'object',
  properties: { uptimeMs: whole, spreadMs: whole },
  required: ['uptimeMs', 'spreadMs'],
} as const

const keptFreeze = {
  type: ['object', 'null'],
  properties: {
    id: text,
    /** Who called: `qemu-guest-agent`, `vmware-tools`, … */
    source: text,
    profile: text,
    /** When the freeze was asked for, by the guest's wall clock (whole seconds) and by its uptime. */
    calledWallMs: whole,
    calledUptimeMs: whole,
    calledClocks: clocks,
    /** The answers of the verbs of these names, as they were given. */
    probe: { type: ['object', 'null'] },
    holdAnswer: { type: ['object', 'null'] },
    releaseAnswer: { type: ['object', 'null'] },
    comeBack: { type: ['object', 'null'] },
  },
  required: [
    'id',
    'source',
    'profile',
    'calledWallMs',
    'calledUptimeMs',
    'probe',
    'holdAnswer',
    'releaseAnswer',
    'comeBack',
  ],
} as const

/** `kept -`: ids of the freezes that wait to be collected, oldest first; `kept ID`: one of them, null when it is not there. */
export const keptSchema = {
  type: 'object',
  properties: { ...envelope, wallMs: whole, clocks, freezes: { type: 'array', items: text }, freeze: keptFreeze },
  required: [...envelopeRequired, 'wallMs', 'freezes', 'freeze'],
} as const

/** `forget ID`: it is not kept any more. Idempotent. */
export const forgetSchema = {
  type: 'object',
  properties: { ...envelope },
  required: [...envelopeRequired],
} as const

/** `freeze SOURCE`: held, or part of the hold `joined`. */
export const freezeSchema = {
  type: 'object',
  properties: { ...envelope, joined: { type: ['string', 'null'] } },
  required: [...envelopeRequired, 'joined'],
} as const

/** `thaw SOURCE`: `known` when this caller's freeze had a hold of its own, `kept` when its evidence is on the disk. */
export const thawSchema = {
  type: 'object',
  properties: { ...envelope, known: bool, kept: bool },
  required: [...envelopeRequired, 'known', 'kept'],
} as const
