import { vmKey } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { snapshotName } from '../hypervisor/snapshot-name.ts'
import { ulid } from '../system/ulid.ts'
import type { Ports, VmSettings } from './ports.ts'

/**
 * What would keep the newest restore point of the VM from being drilled: storage that cannot copy, no room. It refuses no
 * snapshot, so it warns. Nothing where the hypervisor makes no copies, or there is no point yet.
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
  if (clones === undefined || newest === undefined) return []
  const { memoryBytes } = drill ?? {}
  const request = {
    snapshotName: newest.snapshot,
    name: snapshotName(ulid(system.clock, system.randomness)),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  }
  const findings = await clones
    .check(vm, request, { signal, timeoutMs: 60_000 })
    .catch((thrown): readonly Finding[] => {
      signal.throwIfAborted()
      const { code, message, hint } = toStillshotError(thrown)
      return [{ severity: 'refuse', code, message, hint }]
    })
  return findings
    .filter(({ severity }) => severity !== 'ok')
    .map(({ code, message, hint }) => ({ severity: 'warn', code: 'no-drill', message: `${message} (${code})`, hint }))
}
