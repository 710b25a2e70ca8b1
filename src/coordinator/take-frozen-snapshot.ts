import type { RestorePoint } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Saga } from '../saga/saga.ts'
import {
  type Frozen,
  freezeOf,
  gradeFrozen,
  lookBeforeFreeze,
  snapshotFrozen,
  thawGuest,
  thawNow,
} from './freeze-steps.ts'
import { lookWhatCameBack } from './guest-steps.ts'
import { keepRunbook } from './keep-runbook.ts'
import type { KeptFreeze } from './kept-freezes.ts'
import { describePoint } from './label-point.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { beginRun, endRun, failRun, lockVm, type Run } from './run.ts'
import { draftPoint, label, notBack, removeSnapshot } from './snapshot-steps.ts'

/** What is asked of a snapshot in any mode. */
export interface PlainOrder {
  readonly note?: string
  /** Ends the forward path; what had been begun is taken back. */
  readonly signal: AbortSignal
}

/**
 * Takes one snapshot of a VM whose file systems the hypervisor freezes, and stops nothing itself. Resolves with the restore
 * point, whatever its grade. Rejects with `details.run` when there is none, everything having been taken back; with
 * `come-back-failed` and `details.point` when the point is kept and the guest is not as it was. Not to be repeated blindly.
 */
export async function takeFrozenSnapshot(
  ports: Ports,
  settings: VmSettings,
  { signal, note }: PlainOrder,
): Promise<RestorePoint> {
  const run = await beginRun(ports, settings, 'take-snapshot')
  const { saga } = run
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let notAsBefore: Error | undefined
  let point: RestorePoint
  try {
    const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
    await lockVm(ports, run, vm, settings.holdTtlMs)
    const seen = await during('preflight', () => lookBeforeFreeze(ports, settings, run, { vm, signal }))
    const draft = draftPoint(ports, run, vm, { vm: settings.name, kind: 'snapshot', mode: 'freeze', note })
    const request = { name: draft.snapshot, description: await describePoint(ports, draft, 'pending') }
    signal.throwIfAborted()

    // The hypervisor freezes and thaws. Should its task die in between, nobody but us ends that.
    await saga.intend(
      { step: 'freeze', undo: thawGuest(ports, vm) },
      { step: 'create-snapshot', undo: removeSnapshot(ports, vm, draft.snapshot) },
    )
    const within = { holdTtlMs: settings.holdTtlMs, signal }
    const frozen = await during('snapshot', () => taken(saga, () => snapshotFrozen(ports, vm, request, within)))
    if (!saysHowItEnded(frozen)) await saga.act('freeze', () => thawNow(ports, vm, signal), { settles: ['freeze'] })
    const cameBack = await during('come-back', () => lookWhatCameBack(ports, run, settings, seen, { held: false }))
    const inside = await freezeOf(ports, run, vm, seen.keptBefore)
    point = gradeFrozen(ports, settings, draft, { vm, seen, frozen, inside, cameBack })
    await during('grade', () => label(ports, run, vm, point))
    if (inside.freeze !== undefined) await forget(ports, run, inside.freeze, vm.uuid)
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
    notAsBefore = notBack(point, cameBack, true)
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
  await keepRunbook(ports, settings)
  if (notAsBefore !== undefined) throw notAsBefore
  return point
}

/** Its evidence is in the catalog. One that stays is not taken for anybody else's: the catalog names the point that it is of. */
async function forget(ports: Ports, { saga, helper }: Run, { id }: KeptFreeze, machine: string): Promise<void> {
  await saga
    .step({ step: `forget ${id}` }, () => helper.forget(id, { timeoutMs: 30_000, machine }))
    .catch((thrown) => ports.log.warn('a freeze could not be forgotten in the guest', { id, message: String(thrown) }))
}

/** Whether the hypervisor says how the freeze went; otherwise its thaw may have failed, too. */
function saysHowItEnded({ snapshot }: Frozen): boolean {
  return snapshot.quiesced !== undefined
}

/** A task that found the VM locked has frozen nothing. Whoever works on it may have, and ends that by himself. */
async function taken(saga: Saga, work: () => Promise<Frozen>): Promise<Frozen> {
  try {
    return await saga.act('create-snapshot', work, { settles: (frozen) => (saysHowItEnded(frozen) ? ['freeze'] : []) })
  } catch (thrown) {
    if (toStillshotError(thrown).code === 'vm-locked') await saga.act('freeze', async () => {}, { settles: ['freeze'] })
    throw thrown
  }
}
