import type { RestorePoint } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import { gradeEvidence } from '../grade/grade-evidence.ts'
import type { FenceAnswer, HoldAnswer } from '../guest/protocol/answers.ts'
import type { Snapshot, SnapshotRequest, Vm } from '../hypervisor/hypervisor.ts'
import { ulid } from '../system/ulid.ts'
import { createOrFind } from './create-or-find.ts'
import { proveRun } from './evidence.ts'
import { holdFacts, holdGuest } from './guest-steps.ts'
import { describePoint } from './label-point.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { Passed } from './preflight.ts'
import type { LookedAt } from './restore-plan.ts'
import type { Run } from './run.ts'
import { fenceGuest, isStillHeld, releaseSafetyHold, type SafetyGap } from './safety-hold.ts'
import { draftPoint, label, removeSnapshot, warningsOf } from './snapshot-steps.ts'
import { Timing } from './timing.ts'
import { unheldProofs } from './unheld-proofs.ts'

const SNAPSHOT_LIMIT_MS = 300_000
const LOOK_FOR_MS = 30_000

export interface Safety {
  readonly point: RestorePoint
  /** To be asked immediately before the roll back. */
  readonly gap: () => Promise<SafetyGap>
}

interface Before {
  readonly vm: Vm
  readonly looked: LookedAt
  /** What the disks will be put back to. */
  readonly target: RestorePoint
  readonly signal: AbortSignal
}

/**
 * A snapshot of what is there before it is rolled back, so that the roll back can be undone. Where the guest can be held it is, and stays
 * so: the profile is started again only when the disks were not put back. Everywhere else it is what a power cut would leave, and
 * says why. How the guest was is kept with it, since nobody can ask more of an undo, and who depended on it, since an undo leaves
 * them behind again. A hold or a fence that fails costs the grade and nothing else: a restore must work on what is broken.
 */
export async function takeSafetySnapshot(
  ports: Ports,
  settings: VmSettings,
  run: Run,
  { vm, looked, target, signal }: Before,
): Promise<Safety> {
  const { clock, randomness } = ports.system
  const { outlook, held: passed } = looked
  const id = ulid(clock, randomness)
  const draft = draftPoint(ports, { ...run, id }, vm, { vm: settings.name, kind: 'safety', mode: 'none' })
  const point = { ...draft, run: run.id }
  const request = { name: point.snapshot, description: await describePoint(ports, point, 'pending') }
  const intent = { step: 'create-snapshot', undo: removeSnapshot(ports, vm, point.snapshot) }
  const timing = new Timing(clock)
  const create = () => run.saga.act('create-snapshot', () => createNow(ports, vm, request, timing, signal))
  const taken = async () => {
    if (passed === undefined) {
      await run.saga.intend(intent)
      return { snapshot: await create(), why: outlook.safety?.message ?? '' }
    }
    await run.saga.intend({ step: 'hold', undo: releaseSafetyHold(run, settings, vm, target) }, intent, {
      step: 'fence',
    })
    return takeHeld(ports, settings, run, { vm, passed, timing, signal }, create)
  }
  const made = await taken()
  const { guest, consents } = outlook
  const { hold, ...judged } = judge(ports, vm, { made, passed, timing })
  const findings = [...consents, ...warningsOf(made.snapshot)]
  const evidence = { version: 1, ...judged.evidence, guest, findings }
  const mode = hold === undefined ? 'none' : 'stop'
  const graded: RestorePoint = { ...point, mode, ...gradeEvidence(judged.evidence.proofs), evidence }
  await label(ports, run, vm, graded)
  const sinceMs = timing.monotonicOf(hold === undefined ? 'ended' : 'releaseSent')
  const gap = async () => {
    const held = hold !== undefined && (await isStillHeld(run.helper, hold, signal))
    return { ms: Math.round(clock.monotonic() - sinceMs), held }
  }
  return { point: graded, gap }
}

interface Made {
  readonly snapshot: Snapshot
  readonly hold?: HoldAnswer
  readonly fence?: FenceAnswer
  /** Why there is no hold, or no fence. */
  readonly why: string
}

/** Rejects when the snapshot fails, when somebody else holds the guest, or when cancelled. */
async function takeHeld(
  ports: Ports,
  settings: VmSettings,
  run: Run,
  { vm, passed, timing, signal }: { vm: Vm; passed: Passed; timing: Timing; signal: AbortSignal },
  create: () => Promise<Snapshot>,
): Promise<Made> {
  const { saga } = run
  const failed = (thrown: unknown) => {
    signal.throwIfAborted()
    const { code, message } = toStillshotError(thrown)
    // Somebody has taken a hold since the look: what he makes is not rolled back under him.
    if (code === 'guest-locked') throw thrown
    ports.log.warn('the safety snapshot is not held', { vm: settings.name, code, message })
    return message
  }
  const call = { signal, onAnswered: () => timing.mark('holdAnswered') }
  const hold = await saga.act('hold', () => holdGuest(run, settings, passed, call), { facts: holdFacts }).catch(failed)
  const snapshot = await create()
  if (typeof hold === 'string') return { snapshot, why: hold }
  const asking = { machine: hold.uuid ?? vm.uuid, onSent: () => timing.mark('releaseSent'), signal }
  const fence = await saga.act('fence', () => fenceGuest(ports, run, asking)).catch(failed)
  if (typeof fence === 'string') return { snapshot, why: fence }
  return fence.known ? { snapshot, hold, fence, why: '' } : { snapshot, why: 'the guest no longer knew of its hold' }
}

/** The claims of a hold and its fence; where either is missing, of what nothing was held for. */
function judge(
  { application }: Ports,
  vm: Vm,
  { made, passed, timing }: { made: Made; passed: Passed | undefined; timing: Timing },
) {
  const { snapshot, hold, fence, why } = made
  if (hold === undefined || fence === undefined || passed === undefined) {
    return { evidence: { proofs: unheldProofs(vm, 'taken of the VM that is rolled back', why) } }
  }
  const measured = timing.read()
  const proofs = proveRun(application, { seen: passed, hold, release: fence, snapshot, timing: measured })
  return { hold, evidence: { proofs, coverage: passed.coverage.disks, timing: measured, hold, fence } }
}

/** Not bounded by the hold: where its watchdog is faster, the fence shows it. */
async function createNow(
  { hypervisor, system: { clock } }: Ports,
  vm: Vm,
  request: SnapshotRequest,
  timing: Timing,
  signal: AbortSignal,
): Promise<Snapshot> {
  timing.mark('requested')
  const limits = { clock, signal, timeoutMs: SNAPSHOT_LIMIT_MS, lookForMs: LOOK_FOR_MS }
  const snapshot = await createOrFind(hypervisor, vm, request, limits)
  timing.mark('ended')
  return snapshot
}
