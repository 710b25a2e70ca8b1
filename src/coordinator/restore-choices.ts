import { type VmLock, vmKey } from '../catalog/catalog.ts'
import type { Ports, VmSettings } from './ports.ts'
import { type Restorable, recommendedToPerson, restorablePoints } from './restore-points.ts'

/** What a person chooses from. */
export interface RestoreChoices {
  readonly version: 1
  readonly vm: string
  /** Newest first. */
  readonly points: readonly Restorable[]
  /** Id of the one to take where nothing speaks for another. */
  readonly recommended: string | null
  /** The run that has the VM now. */
  readonly underWay: VmLock | null
}

/** Everything that a VM can be put back to; changes nothing. */
export async function restoreChoices(
  ports: Ports,
  settings: VmSettings,
  { signal }: { signal: AbortSignal },
): Promise<RestoreChoices> {
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const points = await restorablePoints(ports, settings, vm, signal)
  const best = recommendedToPerson(points.map(({ point }) => point))
  const underWay = (await ports.catalog.locks()).find((lock) => lock.vmKey === vmKey(vm))
  return { version: 1, vm: settings.name, points, recommended: best?.id ?? null, underWay: underWay ?? null }
}
