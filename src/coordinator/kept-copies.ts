import { type Catalog, nativeIdOfVmKey, uuidOfVmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { KeptCopy } from '../hypervisor/clones.ts'
import type { Hypervisor, Vm } from '../hypervisor/hypervisor.ts'
import { idOfSnapshotName } from '../hypervisor/snapshot-name.ts'
import { formatInstant } from '../system/instant.ts'
import { ulidTime } from '../system/ulid.ts'
import { isCopyOf } from './copy-source.ts'

/** A copy that is kept, with what is known of its VM. */
export interface ListedCopy extends KeptCopy {
  readonly hypervisor: string
  /** Name of its VM under `vms:`; null where that is not known, or no longer there. */
  readonly vm: string | null
  /** When its run began. */
  readonly createdAt: string
  readonly reach: string
}

/** A VM of the configuration, as far as a copy is looked up by it. */
export interface NamedVm {
  readonly name: string
  readonly reference: string
}

/**
 * The copies that are kept on a hypervisor: those of VMs that are gone, or that nobody configured, too. The hypervisor is asked, not the
 * catalog, so that a lost catalog loses none.
 */
export async function keptCopies(
  hypervisor: Hypervisor,
  { catalog, vms, signal }: { catalog: Pick<Catalog, 'points'>; vms: readonly NamedVm[]; signal: AbortSignal },
): Promise<readonly ListedCopy[]> {
  const { clones } = hypervisor
  if (clones === undefined) return []
  const copies = await clones.listKept({ signal, timeoutMs: 120_000 })
  if (copies.length === 0) return []
  const known: (Pick<Vm, 'nativeId' | 'uuid'> & { called: string })[] = []
  for (const { vm, vmKey, hypervisor: at } of await catalog.points()) {
    if (at === hypervisor.name) known.push({ nativeId: nativeIdOfVmKey(vmKey), uuid: uuidOfVmKey(vmKey), called: vm })
  }
  for (const { name, reference } of vms) {
    const vm = await hypervisor.findVm(reference, { signal, timeoutMs: 30_000 }).catch((thrown) => {
      if (['vm-not-found', 'vm-ambiguous'].includes(toStillshotError(thrown).code)) return undefined
      throw thrown
    })
    if (vm !== undefined) known.push({ nativeId: vm.nativeId, uuid: vm.uuid, called: name })
  }
  return copies.map((copy) => ({
    ...copy,
    hypervisor: hypervisor.name,
    vm: known.findLast((vm) => isCopyOf(copy, vm))?.called ?? null,
    createdAt: formatInstant(ulidTime(idOfSnapshotName(copy.id) ?? '') ?? 0),
    reach: clones.reach(copy),
  }))
}
