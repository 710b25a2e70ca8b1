import { type ErrorCode, toStillshotError } from '../errors.ts'

/** Failures of the moment: the same call again may well work. */
const PASSING: readonly ErrorCode[] = [
  'guest-unreachable',
  'guest-locked',
  'helper-answer-invalid',
  'hypervisor-unreachable',
  'answer-lost',
  'timed-out',
  'vm-locked',
]

/** For what may be repeated only; a time limit ends the trying. */
export function isWorthAnotherTry(thrown: unknown): boolean {
  return PASSING.includes(toStillshotError(thrown).code)
}

/** Failures after which the hypervisor may still be at work. */
export function mayBeUnderWay(thrown: unknown): boolean {
  return ['answer-lost', 'hypervisor-unreachable', 'timed-out', 'cancelled'].includes(toStillshotError(thrown).code)
}
