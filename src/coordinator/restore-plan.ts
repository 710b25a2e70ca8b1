import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { isOpenHold } from '../guest/open-hold.ts'
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
    if (named?.vm === settings.name) return rollable(named)
    const why = named === undefined ? 'there is no restore point' : `${named.vm} is the VM of restore point`
    throw new StillshotError('point-not-found', `${why} ${pointId}`)
  }
  const points = await ports.catalog.points({ vm: settings.name })
  const best = points.find(({ grade, kind }) => grade === 'db-stopped' && kind === 'snapshot')
  if (best !== undefined) return best
  const message = `${settings.name} has ${points.length} restore points, none of them db-stopped`
  throw new StillshotError('point-not-found', message, { hint: 'name one with --point; `stillshot list` shows them' })
}

/** A backup is no snapshot to roll back to: only the hypervisor itself can unpack its archive. */
function rollable(point: RestorePoint): RestorePoint {
  if (point.kind === 'dump') {
    throw new StillshotError('not-supported', `restore point ${point.id} is a backup in ${point.snapshot}`, {
      hint: 'put its databases or files back with `stillshot restore VM --from backup`',
    })
  }
  if (point.kind !== 'backup') return point
  throw new StillshotError('not-supported', `restore point ${point.id} is a backup, ${point.snapshot}`, {
    hint: 'restore the archive with the hypervisor’s own tools, on Proxmox VE `qmrestore ARCHIVE VMID`',
  })
}

/** The snapshot is of this very VM: a name of the configuration may point to another one by now. */
export function checkSameVm(vm: Vm, point: RestorePoint): void {
  if (point.vmKey === vmKey(vm)) return
  throw new StillshotError(
    'point-not-found',
    `restore point ${point.id} is of ${point.vmKey}, ${point.vm} is ${vmKey(vm)} now`,
  )
}

/** A hold that somebody has open in the guest is not rolled back under them; a guest that does not answer has none to ask. */
export async function checkNotHeld(helper: GuestHelper, vm: string, signal: AbortSignal): Promise<void> {
  let open: string | undefined
  try {
    const { holds } = await helper.status({ signal, timeoutMs: 20_000 })
    open = holds.find(isOpenHold)?.id
  } catch {
    signal.throwIfAborted()
    return
  }
  if (open !== undefined) throw new StillshotError('guest-locked', `${vm} is held by ${open}`)
}

/** Rejects with everything that speaks against the roll back; resolves with the warnings. Changes nothing. */
export async function checkRestore(
  ports: Ports,
  vm: Vm,
  point: RestorePoint,
  { safetySnapshot, signal }: { safetySnapshot: boolean; signal: AbortSignal },
): Promise<readonly Finding[]> {
  const { hypervisor } = ports
  if (point.kind === 'foreign') await checkSameSnapshot(ports, vm, point, signal)
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

/** Other people use a name again: the snapshot of that name must be the one that was graded. */
async function checkSameSnapshot(
  { hypervisor }: Ports,
  vm: Vm,
  { id, snapshot, createdAt }: RestorePoint,
  signal: AbortSignal,
): Promise<void> {
  const listed = await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 })
  const there = listed.find(({ name }) => name === snapshot)
  if (there?.createdAt === createdAt) return
  const now = there === undefined ? 'it is gone' : `the one of that name is of ${there.createdAt}`
  throw new StillshotError('snapshot-not-found', `restore point ${id} is ${snapshot} of ${createdAt}, and ${now}`)
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
