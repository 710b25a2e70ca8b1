import { StillshotError } from '../../src/errors.ts'
import type { Change } from './hypervisor-troubles.ts'

/** A task that ended badly. */
export function refused(what: string, why: string): StillshotError {
  return new StillshotError('hypervisor-refused', `${what}: ${why}`)
}

/** A change that found the VM locked. */
export function busy({ name }: { name: string }): StillshotError {
  return new StillshotError('vm-locked', `another task works on ${name}`)
}

/** A change of which nobody knows whether it was made. */
export function lost(change: Change): StillshotError {
  return new StillshotError('answer-lost', `the answer to ${change} was lost`)
}
