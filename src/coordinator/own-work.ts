import { type RunRecord, vmKey } from '../catalog/catalog.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { parseInstant } from '../system/instant.ts'
import { beganAround, type FreezeWindow, type Match, type Matchable } from './match-freeze.ts'
import type { Ports, VmSettings } from './ports.ts'
import { RESTORE, UNDO_RESTORE } from './restore-undo.ts'

/** What stillshot itself does, and has done, that may have frozen the guest: each of its snapshots may. */
export interface OwnWork {
  /** The run that has the VM now, or was killed over it: what it froze is its own. */
  readonly lockedBy?: string
  readonly runs: readonly RunRecord[]
}

/** Runs that take a snapshot; that of one that failed is gone, and the freeze of the guest's hook for it is not. */
const SNAPSHOTTING: ReadonlySet<string> = new Set(['take-snapshot', RESTORE, UNDO_RESTORE])

/** To be asked when the freezes have been read: what froze the guest before that is among it. */
export async function ownWork({ catalog }: Pick<Ports, 'catalog'>, { name }: VmSettings, vm: Vm): Promise<OwnWork> {
  const lock = (await catalog.locks()).find((candidate) => candidate.vmKey === vmKey(vm))
  const runs = (await catalog.runs({ vm: name })).filter(({ procedure }) => SNAPSHOTTING.has(procedure))
  return { runs, ...(lock === undefined ? {} : { lockedBy: lock.run }) }
}

/** The match, but not certain where a run of our own was at work when the guest was frozen. Pure. */
export function unlessOurs<Copy extends Matchable>(
  match: Match<Copy>,
  freeze: FreezeWindow,
  { runs }: OwnWork,
): Match<Copy> {
  const { fromMs, toMs } = beganAround(freeze)
  const run = runs.find(({ startedAt, endedAt, outcome }) => {
    const endedMs = endedAt === undefined ? Number.POSITIVE_INFINITY : parseInstant(endedAt)
    // What a run asked for that did not end well may be done a little later.
    return parseInstant(startedAt) <= toMs && endedMs >= (outcome === 'done' ? freeze.calledMs : fromMs)
  })
  if (match.kind !== 'one' || run === undefined) return match
  return { ...match, kind: 'uncertain', why: `run ${run.id} of stillshot itself may have frozen the guest` }
}
