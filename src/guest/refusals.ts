import { type ErrorCode, StillshotError, toStillshotError } from '../errors.ts'
import type { Refusal } from './protocol/validate.ts'

/** A map, not an object: the guest chooses the word that is looked up. */
const REFUSALS: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['guest-locked', 'guest-locked'],
  ['released-before', 'hold-expired'],
  ['unknown-profile', 'helper-missing'],
  ['not-allowed', 'backup-not-allowed'],
  ['half-restored', 'half-restored'],
  ['hold-over', 'hold-expired'],
  ['jobs-running', 'component-busy'],
])

/** What a verb's refusal by the helper means to the caller; the helper's own word stays in the details. */
export function refused(verb: string, vm: string, { code, message }: Refusal): StillshotError {
  const known = REFUSALS.get(code) ?? (verb === 'hold' ? 'hold-refused' : 'helper-failed')
  return new StillshotError(known, `${vm}: ${message}`, { details: { helperCode: code } })
}

/** True for failures after which the guest may still have done what was asked: worth asking again with the same id. */
export function isAnswerLost(thrown: unknown): boolean {
  const { code } = toStillshotError(thrown)
  return code === 'guest-unreachable' || code === 'helper-answer-invalid'
}
