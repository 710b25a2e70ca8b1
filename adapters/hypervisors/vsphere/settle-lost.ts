import type { StillshotError } from '../../../src/errors.ts'
import type { KnownVm, Site } from './site.ts'
import { followTask, recentTasks, type TaskKind } from './tasks.ts'
import { isSameRef, type Ref } from './values.ts'
import type { Errand } from './vim.ts'
import { taskError } from './vsphere-errors.ts'

/** How long what was asked for and not answered may take to become a task, or to be there. */
const APPEAR_LIMIT_MS = 5_000
const APPEAR_PAUSE_MS = 250

export interface LostAnswer {
  readonly kind: TaskKind
  /** The VM's tasks before ours, by their ids. */
  readonly known: ReadonlySet<string>
  /** Whether what the call makes is there. */
  readonly isThere: () => Promise<boolean>
  readonly lost: StillshotError
}

/**
 * After a lost answer: resolves when what was asked for is there; rejects with the end of its task, or with `lost` when
 * nothing of it appears.
 */
export async function settleLost(
  site: Site,
  vm: KnownVm,
  { kind, known, isThere, lost }: LostAnswer,
  errand: Errand,
): Promise<void> {
  const { clock } = site
  const { call, doing } = errand
  const begunAt = clock.monotonic()
  let failed: Ref | undefined
  for (;;) {
    const [task] = (await recentTasks(site, vm, call, kind)).filter(({ object }) => !known.has(object.value))
    const fault = task === undefined ? undefined : await followTask(site, task.object, errand)
    if (await isThere()) return
    if (task !== undefined && fault !== undefined) {
      // Somebody else's may have failed a moment before ours began, so its end counts when no newer one has come.
      if (isSameRef(task.object, failed)) throw taskError(fault, { doing, task: task.object.value })
      failed = task.object
    }
    if (clock.monotonic() - begunAt > APPEAR_LIMIT_MS) throw lost
    await clock.sleep(APPEAR_PAUSE_MS, call.signal)
  }
}
