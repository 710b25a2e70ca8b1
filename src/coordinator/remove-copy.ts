import { StillshotError, toStillshotError } from '../errors.ts'
import type { KeptCopy } from '../hypervisor/clones.ts'
import type { Hypervisor, Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { clonesOf } from './clones-of.ts'
import { isCopyOf } from './copy-source.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Ports, VmSettings } from './ports.ts'
import { beginRun, failRun, finishRun } from './run.ts'

/** In journal and catalog. */
export const REMOVE_COPY = 'remove-copy'

export interface RemoveCopyOrder {
  /** As the copy is called now. */
  readonly name: string
  /** The copy that somebody has agreed to lose; another one that has its name by now stays. */
  readonly id?: string
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

export interface RemoveCopyReport {
  readonly version: 1
  /** Absent for a dry run. */
  readonly run?: string
  readonly vm: string
  readonly copy: KeptCopy
  readonly removed: boolean
}

const REMOVE_LIMIT_MS = 600_000
const TRY_FOR_MS = 120_000

/**
 * Removes a copy of this VM that is kept, for good. `copy-not-found` for anything that is none, `vm-ambiguous` for two of one name.
 * Works when the VM is gone: then the copy of that name goes, whichever VM it was of.
 */
export async function removeCopy(
  ports: Ports,
  settings: VmSettings,
  { name, id, dryRun, signal }: RemoveCopyOrder,
): Promise<RemoveCopyReport> {
  const clones = clonesOf(ports.hypervisor)
  const copy = await copyNamed(ports, settings, name, signal)
  if (id !== undefined && copy.id !== id) {
    const why = `${name} was the copy ${id}, and is the copy ${copy.id} by now`
    throw new StillshotError('copy-not-found', why, { hint: 'nothing was changed; look at `stillshot list --copies`' })
  }
  if (dryRun) return { version: 1, vm: settings.name, copy, removed: false }
  const run = await beginRun(ports, settings, REMOVE_COPY)
  const limits = { clock: ports.system.clock, signal, pauseMs: 2_000, limitMs: TRY_FOR_MS, when: isWorthAnotherTry }
  try {
    await phase(ports, settings.name, 'remove-copy', () =>
      run.saga.step(
        { step: 'remove-copy', undo: endCopyRemoval(copy) },
        () => retry(() => clones.removeKept(copy, { signal, timeoutMs: REMOVE_LIMIT_MS }), limits),
        { settles: ['remove-copy'] },
      ),
    )
    await finishRun(ports, run)
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
  return { version: 1, run: run.id, vm: settings.name, copy, removed: true }
}

async function copyNamed(
  { hypervisor }: Ports,
  settings: VmSettings,
  name: string,
  signal: AbortSignal,
): Promise<KeptCopy> {
  const all = await clonesOf(hypervisor).listKept({ signal, timeoutMs: 120_000 })
  const vm = await vmOrGone(hypervisor, settings, signal)
  const named = all.filter((copy) => copy.name === name)
  const itsOwn = named.filter((copy) => vm === undefined || isCopyOf(copy, vm))
  // Nobody else could name a copy of one that is gone and whose id this VM has now.
  const own = itsOwn.length > 0 ? itsOwn : named.filter(({ source }) => source === vm?.nativeId)
  const [first] = own
  if (first !== undefined && own.length === 1) return first
  if (own.length > 1) {
    const who = own.map(({ nativeId }) => nativeId).join(', ')
    throw new StillshotError('vm-ambiguous', `${own.length} copies of ${settings.name} are called ${name}: ${who}`, {
      hint: 'rename all but one of them on the hypervisor',
    })
  }
  const why = named.length > 0 ? `${name} is a copy of another VM` : `there is no copy ${name} that is kept`
  throw new StillshotError('copy-not-found', `${why} on ${hypervisor.name}`)
}

/** Undefined where the VM is gone. */
async function vmOrGone(
  hypervisor: Hypervisor,
  { reference }: VmSettings,
  signal: AbortSignal,
): Promise<Vm | undefined> {
  try {
    return await hypervisor.findVm(reference, { signal, timeoutMs: 30_000 })
  } catch (thrown) {
    if (toStillshotError(thrown).code === 'vm-not-found') return undefined
    throw thrown
  }
}

/** A removal that was ordered is ended: the id is of this copy and of no other, ever. */
function endCopyRemoval({ id, nativeId, name, source, snapshotName, power }: KeptCopy): UndoRecord {
  const args = { id, nativeId, name, source, snapshotName, power }
  return { action: 'end-copy-removal', args, urgent: false, timeoutMs: REMOVE_LIMIT_MS }
}
