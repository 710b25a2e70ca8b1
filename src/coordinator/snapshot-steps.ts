import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { Reason } from '../grade/grade.ts'
import { gradeEvidence } from '../grade/grade-evidence.ts'
import type { HoldAnswer, ReleaseAnswer } from '../guest/protocol/answers.ts'
import type { Snapshot, SnapshotRequest, Vm } from '../hypervisor/hypervisor.ts'
import { snapshotName } from '../hypervisor/snapshot-name.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { formatInstant } from '../system/instant.ts'
import type { CameBack } from './await-come-back.ts'
import { createOrFind } from './create-or-find.ts'
import { type Evidence, proveRun } from './evidence.ts'
import { WATCHDOG_MARGIN_MS } from './forecast.ts'
import { labelPoint } from './label-point.ts'
import { measureOutage } from './outage.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { Passed } from './preflight.ts'
import type { Run } from './run.ts'
import type { Timing } from './timing.ts'

/** What is known of a restore point before it is graded. */
export type DraftPoint = Omit<RestorePoint, 'grade' | 'reasons' | 'outage' | 'evidence'>

/** Run, hold, snapshot and restore point share one id: whoever finds one of them finds the others. */
export function draftPoint(
  ports: Ports,
  { id }: Run,
  vm: Vm,
  facts: Pick<DraftPoint, 'vm' | 'kind' | 'mode'> & { note?: string | undefined },
): DraftPoint {
  const { note, ...rest } = facts
  return {
    version: 1,
    id,
    run: id,
    vmKey: vmKey(vm),
    hypervisor: vm.hypervisor,
    snapshot: snapshotName(id),
    createdAt: formatInstant(ports.system.clock.now()),
    ...rest,
    ...(note === undefined ? {} : { note }),
  }
}

/** The way back from a snapshot, due until the point is labelled. */
export function removeSnapshot({ hypervisor }: Ports, vm: Vm, name: string): UndoRecord {
  const byHand = hypervisor.byHand(vm, 'remove-snapshot', name)
  return { action: 'remove-snapshot', args: { snapshot: name }, urgent: false, timeoutMs: 600_000, byHand }
}

/**
 * The hypervisor's task, awaited to its real end, within what is left of the hold. A lost answer is settled by looking. `onMade`:
 * see {@link whileHeld}.
 */
export async function snapshotHeld(
  ports: Ports,
  vm: Vm,
  request: SnapshotRequest,
  within: { hold: HoldAnswer; holdTtlMs: number; timing: Timing; signal: AbortSignal; onMade: () => void },
): Promise<Snapshot> {
  const { hold, holdTtlMs, timing, signal } = within
  const { clock } = ports.system
  // What the guest says of its own time is no reason to wait for longer than was asked for.
  const leftMs = Math.min(hold.firesUptimeMs - hold.answeredUptimeMs, holdTtlMs) - WATCHDOG_MARGIN_MS
  if (leftMs <= 0) throw new StillshotError('hold-expired', 'the hold’s time to live was over before the snapshot')
  using deadline = clock.deadline(leftMs, signal)
  timing.mark('requested')
  let isMade = false
  const onMade = () => {
    if (isMade) return
    isMade = true
    timing.mark('ended')
    within.onMade()
  }
  const limits = { clock, signal: deadline.signal, timeoutMs: leftMs, lookForMs: Math.min(5_000, leftMs), onMade }
  const snapshot = await createOrFind(ports.hypervisor, vm, request, limits)
  onMade()
  return snapshot
}

export interface Seen {
  readonly seen: Passed
  readonly hold: HoldAnswer
  readonly release: ReleaseAnswer
  readonly snapshot: Snapshot
  readonly timing: Timing
  readonly cameBack: CameBack | undefined
}

/** The restore point with the grade that its evidence proves. */
export function gradePoint(ports: Ports, settings: VmSettings, draft: DraftPoint, witnessed: Seen): RestorePoint {
  const { seen, hold, release, snapshot, timing, cameBack } = witnessed
  const measured = timing.read()
  const proofs = [
    ...proveRun(ports.application, { seen, hold, release, snapshot, timing: measured }),
    ...(cameBack?.proofs ?? []),
  ]
  const outage = measureOutage(hold, release, measured)
  const { grade, reasons } = gradeEvidence(proofs)
  const evidence: Evidence = {
    version: 1,
    proofs,
    findings: [...seen.findings.filter(({ severity }) => severity === 'warn'), ...warningsOf(snapshot)],
    coverage: seen.coverage.disks,
    timing: measured,
    coordinatorMs: timing.coordinatorMs,
    hold,
    release,
    ...(cameBack === undefined ? {} : { comeBack: cameBack.answer }),
  }
  return { ...draft, grade, reasons: [...reasons, ...overBudget(settings, outage.totalMs)], outage, evidence }
}

/** What the hypervisor's task said beside having worked. */
export function warningsOf({ warnings = [] }: Snapshot): readonly Finding[] {
  const hint = 'see the task’s log on the hypervisor'
  return warnings.map((message): Finding => ({ severity: 'warn', code: 'hypervisor-warning', message, hint }))
}

/** A measured outage over the budget is a reason that the user reads; it says nothing about the data. */
export function overBudget({ budgetMs }: VmSettings, totalMs: number): readonly Reason[] {
  if (totalMs <= budgetMs) return []
  return [{ code: 'over-budget', message: `the outage was ${totalMs} ms, the budget is ${budgetMs} ms` }]
}

/**
 * Writes the grade on the snapshot and into the catalog. From its intent on the snapshot is kept: after a crash `recover`
 * writes the same label.
 */
export async function label(ports: Ports, run: Run, vm: Vm, point: RestorePoint): Promise<void> {
  const undo = { action: 'label-snapshot', args: { point: JSON.stringify(point) }, urgent: false, timeoutMs: 60_000 }
  using deadline = ports.system.clock.deadline(60_000)
  await run.saga.step(
    { step: 'label', undo, replaces: ['create-snapshot'] },
    () => labelPoint(ports, vm, point, deadline.signal),
    { settles: ['label'], facts: () => ({ grade: point.grade, reasons: point.reasons }) },
  )
}

/** The error of a run whose point is kept while the guest is not, or not known to be, as it was; undefined when it is. */
export function notBack(
  point: RestorePoint,
  cameBack: CameBack | undefined,
  isFree: boolean,
): StillshotError | undefined {
  const details = { run: point.run, point }
  if (cameBack?.complete === true) {
    const held = `${point.vm} is back as it was, and its hold is open until its watchdog ends it`
    return isFree ? undefined : new StillshotError('come-back-failed', held, { details })
  }
  if (cameBack === undefined) {
    return new StillshotError('come-back-failed', `${point.vm} could not be asked whether it is back`, { details })
  }
  const failing = cameBack.proofs.filter(({ claim, verdict }) => claim === 'came-back' && verdict !== 'proven')
  const why = failing.map(({ message }) => message).join('; ')
  return new StillshotError('come-back-failed', `${point.vm} is not back as it was: ${why}`, { details })
}
