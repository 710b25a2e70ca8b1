import { describe } from 'node:test'
import { cloneCases } from './hypervisor/clone-cases.ts'
import { findingCases } from './hypervisor/finding-cases.ts'
import { powerCases } from './hypervisor/power-cases.ts'
import { removalCases } from './hypervisor/removal-cases.ts'
import { rollBackCases } from './hypervisor/roll-back-cases.ts'
import { snapshotCases } from './hypervisor/snapshot-cases.ts'
import type { HypervisorSuite } from './hypervisor/under-test.ts'

/** What every adapter of the port src/hypervisor/hypervisor.ts must do; the fake is one of them. */
export function testHypervisor(suite: HypervisorSuite): void {
  describe(`hypervisor ${suite.name}`, { skip: suite.skip ?? false }, () => {
    findingCases(suite)
    snapshotCases(suite)
    removalCases(suite)
    rollBackCases(suite)
    powerCases(suite)
    cloneCases(suite)
  })
}
