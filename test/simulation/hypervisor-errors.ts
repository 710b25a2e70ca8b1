import { StillshotError } from '../../src/errors.ts'
import type { Finding } from '../../src/finding.ts'
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

/** The same, seen before. */
export function lockedFinding({ name }: { name: string }): Finding {
  const message = `another task works on ${name}`
  return { severity: 'refuse', code: 'vm-locked', message, hint: 'wait', error: 'vm-locked' }
}
