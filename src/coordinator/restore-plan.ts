import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Ports, VmSettings } from './ports.ts'

/**
 * The point to go back to: the one that is named, else the newest `db-stopped` one. `point-not-found` when there is none,
 * or when it belongs to another VM.
 */
export async function choosePoint(
  ports: Ports,
  settings: VmSettings,
  pointId: string | undefined,
): Promise<RestorePoint> {
  if (pointId !== undefined) {
    const named = await ports.catalog.point(pointId)
    if (named?.vm === settings.name) return named
    const why = named === undefined ? 'there is no restore point' : `${named.vm} is the VM of restore point`
    throw new StillshotError('point-not-found', `${why} ${pointId}`)
  }
  const points = await ports.catalog.points({ vm: settings.name })
  const best = points.find(({ grade, kind }) => grade === 'db-stopped' && kind === 'snapshot')
  if (best !== undefined) return best
  const message = `${settings.name} has ${points.length} restore points, none of them db-stopped`
  throw new StillshotError('point-not-found', message, { hint: 'name one with --point; `stillshot list` shows them' })
}

/** Rejects with everything that speaks against the roll back; resolves with the warnings. Changes nothing. */
export async function checkRestore(
  ports: Ports,
  vm: Vm,
  point: RestorePoint,
  { safetySnapshot, signal }: { safetySnapshot: boolean; signal: AbortSignal },
): Promise<readonly Finding[]> {
  const { hypervisor } = ports
  const findings = [...(await hypervisor.checkRollBack(vm, point.snapshot, { signal, timeoutMs: 60_000 }))]
  if (safetySnapshot) findings.push(...(await hypervisor.checkSnapshot(vm, { signal, timeoutMs: 60_000 })))
  const refusing = findings.filter(({ severity }) => severity === 'refuse')
  const [first] = refusing
  if (first !== undefined) {
    throw new StillshotError(first.error ?? 'preflight-refused', refusing.map(({ message }) => message).join('; '), {
      hint: refusing.map(({ hint }) => hint).join('; '),
      details: { findings: refusing },
    })
  }
  return findings.filter(({ severity }) => severity === 'warn')
}

/** What will be done, in order, for a person to read before it is done. */
export function restorePlan(ports: Ports, vm: Vm, point: RestorePoint, safetySnapshot: boolean): readonly string[] {
  const { hypervisor } = ports
  return [
    safetySnapshot
      ? `take a safety snapshot of ${vm.name} as it is now`
      : `take no safety snapshot: what ${vm.name} holds now is lost for good`,
    `stop ${vm.name} hard and put its disks back to ${point.snapshot} (${point.grade}, ${point.createdAt}); by hand: ${hypervisor.byHand(vm, 'roll-back', point.snapshot)}`,
    `start ${vm.name}; by hand: ${hypervisor.byHand(vm, 'power-on', point.snapshot)}`,
    'reach the guest, read back the marker of the point, and check that the database is up',
  ]
}
