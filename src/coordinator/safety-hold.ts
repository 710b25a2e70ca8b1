import { toStillshotError } from '../errors.ts'
import { proveCoverage } from '../guest/coverage.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { FenceAnswer, HoldAnswer, ProbeAnswer } from '../guest/protocol/answers.ts'
import { isAnswerLost } from '../guest/refusals.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { forecastFindings } from './forecast.ts'
import { halfFindings } from './half-restored.ts'
import type { Ports, VmSettings } from './ports.ts'
import { helperFinding, type Passed, passed, proofFinding } from './preflight.ts'
import type { Run } from './run.ts'

/** How the safety snapshot of a restore is to be taken, and why so. Plain JSON. */
export interface SafetyOutlook {
  /** The profile stands still for it, until the disks are put back. */
  readonly held: boolean
  readonly message: string
}

/** What was written into the VM after the safety snapshot and is in no snapshot. */
export interface SafetyGap {
  /** From the fence, or where nothing was held from the snapshot, to the last look before the roll back. */
  readonly ms: number
  /** True when the guest said at that look that its profile still stood still: then the database wrote nothing meanwhile. */
  readonly held: boolean
}

const FENCE_LIMIT_MS = 30_000
const STATUS_LIMIT_MS = 10_000

/**
 * Whether what is there can be held: as for a snapshot, except that nobody waits for a database that is put back anyway, so that
 * the budget of an outage is no reason. Resolves with the reason where it cannot; rejects when cancelled only.
 */
export async function lookWhetherHeld(
  ports: Ports,
  settings: VmSettings,
  { vm, probe, signal }: { vm: Vm; probe: ProbeAnswer; signal: AbortSignal },
): Promise<Passed | string> {
  try {
    const [sameUuid, { forecast, findings: limits }] = await Promise.all([
      ports.hypervisor.countUuid(vm.uuid, { signal, timeoutMs: 30_000 }),
      forecastFindings(ports, settings, probe),
    ])
    const sameMachine = proveSameMachine(vm, probe, sameUuid)
    const coverage = proveCoverage(probe, vm.disks, settings.disks)
    const { longTransactionSeconds, profile } = settings
    const asked = { longTransactionSeconds, settingsPutBack: profile.settingsPutBack }
    const findings = [
      helperFinding(ports, probe),
      ...halfFindings(probe.half, settings.name),
      proofFinding(sameMachine, ''),
      proofFinding(coverage.proof, ''),
      ...ports.application.checkProbe(probe, asked),
      ...limits.filter(({ code }) => code !== 'over-budget'),
    ]
    return passed(settings.name, { findings, probe, sameMachine, coverage, forecast })
  } catch (thrown) {
    signal.throwIfAborted()
    return toStillshotError(thrown).message
  }
}

/**
 * The way back from a hold of a restore: urgent, as every hold's. It is over by itself when the disks are put back, and it must not be
 * waited for in a machine that is off; so it knows the roll back, too.
 */
export function releaseSafetyHold(
  run: Run,
  { holdTtlMs }: VmSettings,
  vm: Vm,
  { snapshot }: { readonly snapshot: string },
): UndoRecord {
  const args = { hold: run.id, machine: vm.uuid, snapshot, token: run.id }
  return { action: 'release-safety-hold', args, urgent: true, timeoutMs: holdTtlMs + SETTLE_MS }
}

const SETTLE_MS = 120_000

/** The fence of the hold that goes on; asked again where the answer is lost. */
export function fenceGuest(
  { system: { clock } }: Ports,
  run: Run,
  { machine, onSent, signal }: { machine: string; onSent: () => void; signal: AbortSignal },
): Promise<FenceAnswer> {
  const ask = (within?: AbortSignal) =>
    run.helper.fence(run.id, { machine, onSent, timeoutMs: FENCE_LIMIT_MS, ...(within && { signal: within }) })
  return retry(ask, { clock, signal, pauseMs: 500, limitMs: FENCE_LIMIT_MS, when: isAnswerLost })
}

/** Whether the hold of this run still keeps its profile down; false when the guest does not say so. */
export async function isStillHeld(helper: GuestHelper, hold: HoldAnswer, signal: AbortSignal): Promise<boolean> {
  const machine = hold.uuid === null ? {} : { machine: hold.uuid }
  try {
    const { holds, bootId } = await helper.status({ ...machine, signal, timeoutMs: STATUS_LIMIT_MS })
    return bootId === hold.bootId && holds.some(({ id, state }) => id === hold.hold && state === 'held')
  } catch {
    signal.throwIfAborted()
    return false
  }
}
