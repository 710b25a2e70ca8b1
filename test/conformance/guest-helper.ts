import { describe } from 'node:test'
import { drainCases } from './guest-helper/drain-cases.ts'
import { failureCases } from './guest-helper/failure-cases.ts'
import { fenceCases } from './guest-helper/fence-cases.ts'
import { helperHashCases } from './guest-helper/helper-hash-cases.ts'
import { holdCases } from './guest-helper/hold-cases.ts'
import { otherHoldCases } from './guest-helper/other-hold-cases.ts'
import type { GuestHelperSuite } from './guest-helper/under-test.ts'
import { waitingReleaseCases } from './guest-helper/waiting-release-cases.ts'
import { watchdogCases } from './guest-helper/watchdog-cases.ts'

/** What the verbs of the helper in the guest do, whoever plays it: the helper itself, and the simulation's model of it. */
export function testGuestHelper(suite: GuestHelperSuite): void {
  describe(`guest helper, ${suite.name}`, { concurrency: suite.concurrency }, () => {
    // Those that wait longest first: the others fill the time.
    watchdogCases(suite)
    drainCases(suite)
    failureCases(suite)
    holdCases(suite)
    fenceCases(suite)
    waitingReleaseCases(suite)
    otherHoldCases(suite)
    helperHashCases(suite)
  })
}
