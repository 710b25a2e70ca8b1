import { toStillshotError } from '../errors.ts'
import type { Snapshot, Vm } from '../hypervisor/hypervisor.ts'
import { idOfSnapshotName } from '../hypervisor/snapshot-name.ts'
import { beganAround, type FreezeWindow } from './match-freeze.ts'
import type { Ports } from './ports.ts'

/** Somebody else's snapshot, or a backup that the hypervisor's own job has made. */
export interface ForeignCopy extends Snapshot {
  readonly kind: 'foreign' | 'backup'
  /** False where it is known that its job does not freeze the guest. */
  readonly freezes: boolean
}

export interface ForeignCopies {
  readonly copies: readonly ForeignCopy[]
  /** How long after a freeze its copy may still come into the list. */
  readonly listedAfterMs: number
}

/** A snapshot may be listed only after its task ended, which may be minutes after the freeze. */
const SNAPSHOT_IS_LISTED_AFTER_MS = 900_000
/** A backup is listed when all of its data has been copied. Longer than this would push too many out of the guest's memory. */
const BACKUP_IS_LISTED_AFTER_MS = 12 * 3_600_000

/** All that the freezes may have been made for. Backups that may not be seen are none: then a freeze is a hold that is over. */
export async function foreignCopies(
  { hypervisor }: Pick<Ports, 'hypervisor'>,
  vm: Vm,
  freezes: readonly FreezeWindow[],
  signal: AbortSignal,
): Promise<ForeignCopies> {
  const listed = await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 })
  const snapshots = listed
    .filter(({ name }) => idOfSnapshotName(name) === undefined)
    .map((snapshot): ForeignCopy => ({ ...snapshot, kind: 'foreign', freezes: true }))
  const backups = freezes.length === 0 ? undefined : await foreignBackups({ hypervisor }, vm, freezes, signal)
  if (backups === undefined) return { copies: snapshots, listedAfterMs: SNAPSHOT_IS_LISTED_AFTER_MS }
  return { copies: [...snapshots, ...backups], listedAfterMs: BACKUP_IS_LISTED_AFTER_MS }
}

/** Undefined where there are none to be seen, today or later. */
async function foreignBackups(
  { hypervisor }: Pick<Ports, 'hypervisor'>,
  vm: Vm,
  freezes: readonly FreezeWindow[],
  signal: AbortSignal,
): Promise<readonly ForeignCopy[] | undefined> {
  const around = freezes.map(beganAround)
  const begun = {
    fromMs: Math.min(...around.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...around.map(({ toMs }) => toMs)),
  }
  try {
    const backups = await hypervisor.listBackups?.(vm, begun, { signal, timeoutMs: 120_000 })
    return backups?.map((backup) => ({ ...backup, kind: 'backup', description: '', complete: true }))
  } catch (thrown) {
    if (toStillshotError(thrown).code === 'hypervisor-refused') return undefined
    throw thrown
  }
}
