import type { RestorePoint } from '../catalog/catalog.ts'
import { drain, releaseHold } from './guest-steps.ts'
import { keepRunbook } from './keep-runbook.ts'
import { describePoint } from './label-point.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { lookAhead, passed } from './preflight.ts'
import { beginRun, endRun, failRun, lockVm } from './run.ts'
import { draftPoint, gradePoint, label, notBack, removeSnapshot, snapshotHeld } from './snapshot-steps.ts'
import { type PlainOrder, takeFrozenSnapshot } from './take-frozen-snapshot.ts'
import { Timing } from './timing.ts'
import { whileHeld } from './while-held.ts'

/** How the database stands still: see docs/explanation/what-a-grade-proves.md. */
export type SnapshotMode = 'stop' | 'freeze'

export interface SnapshotOrder extends PlainOrder {
  readonly mode: SnapshotMode
}

/** Takes one snapshot of a VM in the order's mode: {@link takeStoppedSnapshot}, {@link takeFrozenSnapshot}. */
export function takeSnapshot(ports: Ports, settings: VmSettings, order: SnapshotOrder): Promise<RestorePoint> {
  return TAKE[order.mode](ports, settings, order)
}

const TAKE = { stop: takeStoppedSnapshot, freeze: takeFrozenSnapshot } as const

/**
 * Takes one snapshot of a VM whose database stands still, and proves it. Resolves with the restore point, whatever its
 * grade. Rejects with `details.run` when there is none, everything having been taken back; with `come-back-failed` and
 * `details.point` when the point is kept and the guest is not as it was. Not to be repeated blindly.
 */
async function takeStoppedSnapshot(
  ports: Ports,
  settings: VmSettings,
  { signal, note }: PlainOrder,
): Promise<RestorePoint> {
  const run = await beginRun(ports, settings, 'take-snapshot')
  const { saga, helper } = run
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let notAsBefore: Error | undefined
  let point: RestorePoint
  try {
    // Everything that can fail without hurting anyone happens before the database stops.
    const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
    await lockVm(ports, run, vm, settings.holdTtlMs)
    const seen = await during('preflight', async () =>
      passed(settings.name, await lookAhead(ports, settings, { helper, vm, signal })),
    )
    await during('drain', () => drain(ports, run, settings, signal))
    const draft = draftPoint(ports, run, vm, { vm: settings.name, kind: 'snapshot', mode: 'stop', note })
    const request = { name: draft.snapshot, description: await describePoint(ports, draft, 'pending') }
    signal.throwIfAborted()

    // One write for three acts: no disk of ours stands between them while the database stands still.
    await saga.intend(
      { step: 'hold', undo: releaseHold(run, settings, vm) },
      { step: 'create-snapshot', undo: removeSnapshot(ports, vm, draft.snapshot) },
      { step: 'release' },
    )
    const timing = new Timing(ports.system.clock)
    const held = await whileHeld(ports, run, settings, { vm, seen, timing, signal }, (hold, onMade) =>
      saga.act('create-snapshot', () =>
        snapshotHeld(ports, vm, request, { hold, holdTtlMs: settings.holdTtlMs, timing, signal, onMade }),
      ),
    )
    point = gradePoint(ports, settings, draft, { seen, ...held, snapshot: held.made, timing })
    await during('grade', () => label(ports, run, vm, point))
    await during('after', () => endRun(ports, run, vm, { point: point.id }))
    notAsBefore = notBack(point, held.cameBack, held.isFree)
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
  await keepRunbook(ports, settings)
  if (notAsBefore !== undefined) throw notAsBefore
  return point
}
