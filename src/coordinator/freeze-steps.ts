import type { RestorePoint } from '../catalog/catalog.ts'
import type { Finding } from '../finding.ts'
import { isWorse } from '../grade/grade.ts'
import { gradeEvidence, gradeFreeze } from '../grade/grade-evidence.ts'
import type { Proof } from '../grade/proof.ts'
import { withSnapshotDisks } from '../guest/coverage.ts'
import { proveOneHelper } from '../guest/one-helper.ts'
import type { Snapshot, SnapshotRequest, Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { formatInstant } from '../system/instant.ts'
import { retry } from '../system/retry.ts'
import type { CameBack } from './await-come-back.ts'
import { createOrFind } from './create-or-find.ts'
import { outageOf, proveFreeze, readable } from './judge-freeze.ts'
import { type KeptFreeze, readKeptFreezes } from './kept-freezes.ts'
import { wasFrozenFor } from './match-freeze.ts'
import { isWorthAnotherTry } from './passing.ts'
import type { Ports, VmSettings } from './ports.ts'
import { lookAhead, type PassedUnheld, passedUnheld } from './preflight.ts'
import type { Run } from './run.ts'
import { type DraftPoint, overBudget, warningsOf } from './snapshot-steps.ts'

/** How long a thaw may be tried for: a guest that stays frozen answers nobody. */
const THAW_FOR_MS = 600_000

/** After this the way back goes on trying. */
const THAW_NOW_FOR_MS = 60_000

/** Where the clocks of guest and coordinator may be apart, measured over one round trip. */
const CLOCK_SLACK_MS = 1_000

/** The way back from a freeze: urgent, because every write in the guest waits. */
export function thawGuest({ hypervisor }: Ports, vm: Vm): UndoRecord {
  const byHand = hypervisor.byHand(vm, 'thaw', '')
  return { action: 'thaw-guest', args: {}, urgent: true, timeoutMs: THAW_FOR_MS, byHand }
}

export interface BeforeFreeze extends PassedUnheld {
  /** Freezes from inside that wait to be collected: not this run's. */
  readonly keptBefore: readonly string[]
}

/** Everything that can fail without hurting anyone. */
export async function lookBeforeFreeze(
  ports: Ports,
  settings: VmSettings,
  { helper }: Pick<Run, 'helper'>,
  { vm, signal }: { vm: Vm; signal: AbortSignal },
): Promise<BeforeFreeze> {
  const ahead = { helper, vm, signal, taking: 'frozen' } as const
  const seen = passedUnheld(settings.name, await lookAhead(ports, settings, ahead))
  const { freezes } = await helper.kept(undefined, { signal, timeoutMs: 30_000, machine: vm.uuid })
  return { ...seen, keptBefore: freezes }
}

export interface Frozen {
  readonly snapshot: Snapshot
  /** Milliseconds since 1970 by the coordinator's clock. */
  readonly requestedMs: number
  readonly endedMs: number
}

/** The hypervisor's task, within the hold's time to live: so long may a guest be frozen. */
export async function snapshotFrozen(
  { hypervisor, system }: Ports,
  vm: Vm,
  request: SnapshotRequest,
  { holdTtlMs, signal }: { holdTtlMs: number; signal: AbortSignal },
): Promise<Frozen> {
  const { clock } = system
  using deadline = clock.deadline(holdTtlMs, signal)
  const requestedMs = clock.now()
  const limits = { clock, signal: deadline.signal, timeoutMs: holdTtlMs, lookForMs: Math.min(5_000, holdTtlMs) }
  const snapshot = await createOrFind(hypervisor, vm, { ...request, quiesce: true }, limits)
  return { snapshot, requestedMs, endedMs: clock.now() }
}

/** Ends what the hypervisor may not have ended. Nothing where no agent can be asked, or the VM is off. Idempotent. */
export async function thawNow({ hypervisor, system }: Ports, { nativeId }: Vm, signal: AbortSignal): Promise<void> {
  const { guestAgent } = hypervisor
  if (guestAgent === undefined) return
  const thaw = async () => {
    const vm = await hypervisor.findVm(nativeId, { signal, timeoutMs: 30_000 })
    if (vm.power !== 'off') await guestAgent.thaw(vm, { signal, timeoutMs: 180_000 })
  }
  await retry(thaw, { clock: system.clock, signal, pauseMs: 2_000, limitMs: THAW_NOW_FOR_MS, when: isWorthAnotherTry })
}

/** What the guest has kept since; nothing where no hook of it was called. */
export interface FrozenInside {
  readonly freeze?: KeptFreeze
  /** Why it is not known what the hook did, whose watchdog ends a freeze that lasts too long; lower case, no full stop. */
  readonly doubt?: string
}

/** The freeze from inside that this snapshot caused where the guest has the hook: the only new one. */
export async function freezeOf(
  ports: Ports,
  { helper }: Pick<Run, 'helper'>,
  vm: Vm,
  keptBefore: readonly string[],
): Promise<FrozenInside> {
  const { clock } = ports.system
  using deadline = clock.deadline(60_000)
  const call = { signal: deadline.signal, timeoutMs: 30_000, machine: vm.uuid }
  try {
    const { freezes } = await helper.kept(undefined, call)
    const fresh = freezes.filter((id) => !keptBefore.includes(id))
    const [freeze, ...others] = await readKeptFreezes(helper, clock, fresh, call)
    if (freeze === undefined) return {}
    if (others.length > 0) return { doubt: `the guest was frozen ${fresh.length} times meanwhile` }
    return 'window' in freeze ? { freeze } : { doubt: `freeze ${freeze.id} cannot be read: ${freeze.problem}` }
  } catch (thrown) {
    ports.log.warn('the guest could not be asked for freezes from inside', { message: String(thrown) })
    return { doubt: 'the guest could not be asked whether its own watchdog ended the freeze' }
  }
}

export interface WitnessedFreeze {
  readonly vm: Vm
  readonly seen: BeforeFreeze
  readonly frozen: Frozen
  readonly inside: FrozenInside
  readonly cameBack: CameBack | undefined
}

/**
 * The restore point with the grade that its evidence proves: `fs-frozen` at best, and better only where a freeze from inside
 * has stopped the server and shows it. Pure.
 */
export function gradeFrozen(
  { application }: Pick<Ports, 'application'>,
  settings: VmSettings,
  draft: DraftPoint,
  { vm, seen, frozen, inside, cameBack }: WitnessedFreeze,
): RestorePoint {
  const { snapshot } = frozen
  const { freeze } = inside
  const proofs = [
    seen.sameMachine,
    withSnapshotDisks(seen.coverage, snapshot.disks),
    proveOneHelper(seen.probe, [seen.probe]),
    proveFrozen(snapshot),
    ...proveItLasted(inside),
    ...(cameBack?.proofs ?? []),
  ]
  const warnings: readonly Finding[] = seen.findings.filter(({ severity }) => severity === 'warn')
  const common = {
    version: 1,
    findings: [...warnings, ...warningsOf(snapshot)],
    coverage: seen.coverage.disks,
    timing: { requestedAt: formatInstant(frozen.requestedMs), endedAt: formatInstant(frozen.endedMs) },
  }
  const plain = gradeFreeze(proofs)
  if (freeze === undefined) return { ...draft, ...plain, evidence: { ...common, proofs } }
  // The preflight has counted who carries the UUID, and refuses more than one.
  const facts = { application, settings, vm, sameUuid: 1, run: draft.run }
  const shown = [...proofs, ...proveFreeze(facts, freeze, snapshot), proveItsFreeze(frozen, freeze)]
  const held = gradeEvidence(shown)
  const { grade, reasons } = isWorse(held.grade, plain.grade) ? plain : held
  const { source, window, hold, release } = freeze
  const outage = outageOf(freeze)
  return {
    ...draft,
    grade,
    reasons: [...reasons, ...overBudget(settings, outage.totalMs)],
    outage,
    evidence: { ...common, proofs: shown, source, window: readable(window), hold, release },
  }
}

function proveFrozen({ name, quiesced, warnings = [] }: Snapshot): Proof {
  const claim = 'frozen'
  const why = warnings.length === 0 ? '' : `: ${warnings.join('; ')}`
  if (quiesced === true) {
    const message = `the hypervisor froze the guest’s file systems for ${name} and thawed them after it`
    return { claim, verdict: 'proven', code: 'quiesced', message }
  }
  if (quiesced === false) {
    return {
      claim,
      verdict: 'contradicted',
      code: 'not-quiesced',
      message: `the guest was not frozen for ${name}${why}`,
    }
  }
  const message = `it is not known whether the guest was frozen for ${name}${why}`
  return { claim, verdict: 'unknown', code: 'quiesce-unknown', message }
}

/** A watchdog that fires thaws the file systems as well, and the task's own thaw then finds nothing to complain of. */
function proveItLasted({ freeze, doubt }: FrozenInside): readonly Proof[] {
  const claim = 'frozen'
  if (doubt !== undefined) return [{ claim, verdict: 'unknown', code: 'freeze-unreadable', message: doubt }]
  const watchdog = freeze?.release.fence?.watchdog ?? 'missing'
  if (freeze === undefined || watchdog === 'armed') return []
  const message = `at the thaw the watchdog of freeze ${freeze.id} was ${watchdog}, so the guest may have written before it`
  return [{ claim, verdict: 'contradicted', code: 'thawed-before', message }]
}

/**
 * Between the beginning of the task and its end nobody else's task works on the VM, and the hypervisor says that its freeze worked. The
 * request may have waited for somebody else's task, with a freeze of its own.
 */
function proveItsFreeze({ snapshot, requestedMs, endedMs }: Frozen, { id, window }: KeptFreeze): Proof {
  const claim = 'inside-hold'
  const within = window.calledMs >= requestedMs - CLOCK_SLACK_MS && window.releasedMs <= endedMs
  if (within && wasFrozenFor(window, snapshot) && window.doubt === undefined && snapshot.quiesced === true) {
    const message = `freeze ${id} was asked for and ended by the task that took ${snapshot.name}`
    return { claim, verdict: 'proven', code: 'frozen-for-it', message }
  }
  const message = `it is not certain that freeze ${id} was for ${snapshot.name}`
  return { claim, verdict: 'contradicted', code: 'freeze-ambiguous', message }
}
