import { toStillshotError } from '../errors.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { dumpEvidence } from './backup-manifest.ts'
import { decideBackupPrune } from './decide-backup-prune.ts'
import type { PlannedPoint, PrunePlan } from './decide-prune.ts'
import { keepRunbook } from './keep-runbook.ts'
import { phase } from './phase.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { PrunedPoint, PruneOrder, PruneReport } from './prune-vm.ts'
import type { Removal } from './remove-point.ts'
import { beginRun, endRun, failRun, lockVm, type Run } from './run.ts'

const LOCK_TTL_MS = 2 * 3_600_000
const LIST_MS = 60_000

/**
 * Removes the backups of one VM that no policy keeps, one by one, oldest first, and gives their space back at the end. Resolves with
 * what became of each. Never the last good one of its kind, and nothing that this coordinator did not sign. Rejects with `details.run`
 * when it was stopped in the middle. May be repeated.
 */
export async function pruneBackups(ports: Ports, settings: VmSettings, order: PruneOrder): Promise<PruneReport> {
  const { signal, dryRun, policies } = order
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const facts = { version: 1, vm: settings.name, dryRun, policies: policies.map(({ name }) => name) } as const
  const foreseen = await plan(ports, settings, vm, order)
  if (dryRun || foreseen.points.every(({ fate }) => fate === 'stays')) return { ...facts, run: null, ...foreseen }
  const run = await beginRun(ports, settings, 'prune-backups')
  try {
    await lockVm(ports, run, vm, LOCK_TTL_MS)
    // Only now does no other run of this catalog change it.
    const decided = await plan(ports, settings, vm, order)
    const points = await phase(ports, settings.name, 'prune', () =>
      removeAll(ports, run, decided.points, { signal, again: () => plan(ports, settings, vm, order) }),
    )
    await endRun(ports, run, vm)
    await keepRunbook(ports, settings)
    return { ...facts, run: run.id, ...decided, points }
  } catch (thrown) {
    const failed = await failRun(ports, run, thrown)
    await keepRunbook(ports, settings)
    throw failed
  }
}

async function plan(
  { catalog, repositories }: Ports,
  { name, backup }: VmSettings,
  vm: Vm,
  { policies, only, signal }: PruneOrder,
): Promise<PrunePlan> {
  const [points, runs] = [await catalog.points({ vm: name }), await catalog.runs({ vm: name })]
  const known = points.flatMap((point) => dumpEvidence(point)?.repository ?? [])
  const listed = new Map<string, readonly string[] | undefined>()
  for (const repository of new Set([...known, ...(backup === undefined ? [] : [backup.repository])])) {
    const ids = repositories?.open(repository).then((opened) => opened.list(name, { signal, timeoutMs: LIST_MS }))
    listed.set(repository, await ids?.catch(() => undefined))
    signal.throwIfAborted()
  }
  const decided = decideBackupPrune({ vm, points, runs, listed }, policies)
  if (only === undefined) return decided
  const notShown = { code: 'not-shown', message: 'it was not among those that were shown' }
  const shown = (point: PlannedPoint): PlannedPoint =>
    point.fate === 'stays' || only.includes(point.id) ? point : { ...point, fate: 'stays', reasons: [notShown] }
  return { ...decided, points: decided.points.map(shown) }
}

async function removeAll(
  ports: Ports,
  run: Run,
  points: readonly PlannedPoint[],
  { signal, again }: { readonly signal: AbortSignal; readonly again: () => Promise<PrunePlan> },
): Promise<readonly PrunedPoint[]> {
  const touched = new Set<string>()
  const done: PrunedPoint[] = []
  for (const point of points) {
    signal.throwIfAborted()
    // Whoever removed a better one meanwhile has made this one the last of its grade.
    const now = point.fate === 'stays' ? point : ((await again()).points.find(({ id }) => id === point.id) ?? point)
    done.push(now.fate === 'stays' ? now : { ...now, removal: await removeOne(ports, run, now, touched, signal) })
  }
  for (const name of touched) await giveSpaceBack(ports, run, name, signal)
  return done
}

async function removeOne(
  ports: Ports,
  run: Run,
  { id, snapshot, fate }: PlannedPoint,
  touched: Set<string>,
  signal: AbortSignal,
): Promise<Removal> {
  const { catalog, repositories } = ports
  const repository = dumpEvidence((await catalog.point(id)) ?? { kind: 'dump', evidence: undefined })?.repository
  if (fate === 'gone' || repository === undefined || repositories === undefined) {
    await run.saga.step({ step: `forget-${id}` }, () => catalog.removePoint(id), { facts: () => ({ snapshot }) })
    return { outcome: 'gone' }
  }
  const opened = await repositories.open(repository)
  const key = { vm: run.record.vm, id }
  const step = `remove-${id}`
  const undo = endRemoval(repository, key, opened.byHand(key).remove)
  return run.saga.step(
    { step, undo },
    async (): Promise<Removal> => {
      try {
        await opened.remove(key, { signal })
        await catalog.removePoint(id)
        touched.add(repository)
        return { outcome: 'removed' }
      } catch (thrown) {
        const { code, message } = toStillshotError(thrown)
        // Locked and still listed, it is whole; of anything else its undo tells how far it came.
        if (code !== 'repository-locked' || !(await opened.list(key.vm, { signal })).includes(id)) throw thrown
        return { outcome: 'kept', why: { code, message } }
      }
    },
    { settles: [step], facts: (removal) => ({ snapshot, ...removal }) },
  )
}

/** The way back from a removal that was interrupted is to its end: half a backup is worth nothing. */
function endRemoval(repository: string, { vm, id }: { vm: string; id: string }, byHand: string): UndoRecord {
  return { action: 'end-backup-removal', args: { repository, vm, id }, urgent: false, timeoutMs: 600_000, byHand }
}

/** Space that is not given back is no reason to call what was removed a failure: the next prune tries again. */
async function giveSpaceBack({ repositories, log }: Ports, run: Run, name: string, signal: AbortSignal): Promise<void> {
  const repository = await repositories?.open(name)
  if (repository?.tidy === undefined) return
  await run.saga.step({ step: `tidy-${name}` }, async () => {
    try {
      await repository.tidy?.({ signal })
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, message } = toStillshotError(thrown)
      log.warn('the space of what was removed was not given back', { repository: name, code, message })
    }
  })
}
