import { vmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { snapshotName } from '../hypervisor/snapshot-name.ts'
import { ulid } from '../system/ulid.ts'
import type { Ports, VmSettings } from './ports.ts'

/**
 * What would keep restore points of the VM from being drilled, and from being copied beside it: disks on storages that cannot copy, each by
 * its name, and what stands against the newest point, such as no room. It refuses no snapshot, so it warns. Nothing where the hypervisor
 * makes no copies.
 */
export async function drillFindings(
  { hypervisor, catalog, system }: Ports,
  { name, drill }: VmSettings,
  vm: Vm,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { clones } = hypervisor
  const points = await catalog.points({ vm: name })
  const newest = points.find((point) => point.vmKey === vmKey(vm) && point.kind === 'snapshot')
  if (clones === undefined) return []
  const ofStorage = await clones.checkStorage(vm, { signal, timeoutMs: 60_000 }).catch(asFinding(signal))
  // What the storage cannot do it can do at no point.
  const told = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity !== 'ok').map(asWarning)
  if (newest === undefined || ofStorage.length > 0) return told(ofStorage)
  const { memoryBytes } = drill ?? {}
  const request = {
    snapshotName: newest.snapshot,
    name: snapshotName(ulid(system.clock, system.randomness)),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  }
  return told(await clones.check(vm, request, { signal, timeoutMs: 60_000 }).catch(asFinding(signal)))
}

function asWarning({ code, message, hint }: Finding): Finding {
  return { severity: 'warn', code: 'no-drill', message: `${message} (${code})`, hint }
}

function asFinding(signal: AbortSignal) {
  return (thrown: unknown): readonly Finding[] => {
    signal.throwIfAborted()
    const { code, message, hint } = toStillshotError(thrown)
    return [{ severity: 'refuse', code, message, hint }]
  }
}
