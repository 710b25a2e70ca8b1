import type { GuestUnderTest } from '../../labs/guest-under-test.ts'
import type { LabPorts } from '../../labs/lab-ports.ts'

/** One kind of hypervisor in front of a guest of the lab, and the other ways to take a snapshot there. */
export interface Ground {
  readonly guest: GuestUnderTest
  readonly ports: LabPorts
  /** The hypervisor's snapshot and nothing else: resolves at the task's end, without polling. */
  bareSnapshot(name: string): Promise<void>
  /** Uses the connection of {@link bareSnapshot} once, so that its handshake is no part of what is measured. */
  warm?(): Promise<void>
  /** The same snapshot by a tuned script of its own, stop and start included; undefined where there is none to compare with. */
  readonly script?: (name: string) => Promise<void>
  /** With the guest. */
  close(): Promise<void>
}
