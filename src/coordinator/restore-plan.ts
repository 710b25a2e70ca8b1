import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import { NEWEST_ONLY, NOT_NEWEST, type Snapshot, type Vm, WITH_MEMORY } from '../hypervisor/hypervisor.ts'
import { shellWord } from '../system/shell-word.ts'
import { neededConsents } from './consents.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { Passed } from './preflight.ts'
import { type GuestState, lookAtGuest } from './restore-guest.ts'
import type { RestoreOrder } from './restore-order.ts'
import { newerThan } from './restore-points.ts'
import { lookWhetherHeld, type SafetyOutlook } from './safety-hold.ts'

/** What a look before a restore saw; nothing of it refuses. */
export interface RestoreOutlook {
  readonly guest: GuestState
  /** Null where no safety snapshot is wanted. */
  readonly safety: SafetyOutlook | null
  /** What would be lost or changed, the hypervisor's own view. */
  readonly warnings: readonly Finding[]
  /** Snapshots that were taken after the point and stay, oldest first. */
  readonly newer: readonly string[]
  /** Those that are in the way and were named, newest first: they go before the disks are put back. */
  readonly removes: readonly string[]
  /** The VM runs on from the snapshot's memory instead of booting. */
  readonly memory?: true
  /** Who depends on this server, and what else must be accepted by name. */
  readonly consents: readonly Finding[]
}

/** The outlook, and what a hold for the safety snapshot needs; absent where nothing is held. */
export interface LookedAt {
  readonly outlook: RestoreOutlook
  readonly held?: Passed
}

/** The snapshot is of this very VM: a name of the configuration may point to another one by now. */
export function checkSameVm(vm: Vm, point: RestorePoint): void {
  if (point.vmKey === vmKey(vm)) return
  throw new StillshotError(
    'point-not-found',
    `restore point ${point.id} is of ${point.vmKey}, ${point.vm} is ${vmKey(vm)} now`,
  )
}

/** Rejects with everything that speaks against the roll back; changes nothing. */
export async function lookBeforeRestore(
  ports: Ports,
  settings: VmSettings,
  { helper, vm, point }: { helper: GuestHelper; vm: Vm; point: RestorePoint },
  order: RestoreOrder,
): Promise<LookedAt> {
  const { safetySnapshot, removeNewer = [], signal } = order
  const { hypervisor } = ports
  const call = { signal, timeoutMs: 60_000 }
  // Side by side: each waits for somebody else, and a database is down meanwhile.
  const [{ guest, findings, safety, held }, snapshots, found, fit] = await Promise.all([
    lookInside(ports, settings, { helper, vm }, order),
    hypervisor.listSnapshots(vm, call),
    hypervisor.checkRollBack(vm, point.snapshot, call),
    safetySnapshot ? hypervisor.checkSnapshot(vm, call) : [],
  ])
  if (point.kind === 'foreign') checkSameSnapshot(point, snapshots)
  const newer = newerThan(point.snapshot, snapshots)
  const newestOnly = !hypervisor.capabilities.rollBackToAny || found.some(({ code }) => ORDERED.includes(code))
  const seen = [
    ...found.filter(({ code }) => code !== NOT_NEWEST),
    ...fit,
    ...newerFindings(point, newer, { newestOnly, safetySnapshot, removeNewer }),
  ]
  refuseAny(seen)
  const warnings = seen.filter(({ severity }) => severity === 'warn')
  const outlook = {
    ...{ guest, safety, warnings, consents: neededConsents([...findings, ...found], point) },
    ...(found.some(({ code }) => code === WITH_MEMORY) ? { memory: true as const } : {}),
    newer: newer.filter((name) => !removeNewer.includes(name)),
    removes: newer.filter((name) => removeNewer.includes(name)).toReversed(),
  }
  return { outlook, ...(held === undefined ? {} : { held }) }
}

/** How the machine is, and whether it can be held for its safety snapshot. */
async function lookInside(
  ports: Ports,
  settings: VmSettings,
  { helper, vm }: { helper: GuestHelper; vm: Vm },
  { safetySnapshot, waitMs = 0, dryRun, signal }: RestoreOrder,
) {
  const waits = dryRun && waitMs > 0
  const { findings, probe, ...guest } = await lookAtGuest(ports, settings, { helper, vm, waits, signal })
  if (!safetySnapshot) return { guest, findings, safety: null }
  if (probe === undefined) return { guest, findings, safety: { held: false, message: guest.message } }
  // Whoever is waited for has let go by then.
  const asked = { vm, probe: waits ? { ...probe, openHold: null } : probe, signal }
  const held = await lookWhetherHeld(ports, settings, asked)
  if (typeof held === 'string') return { guest, findings, safety: { held: false, message: held } }
  return { guest, findings, safety: { held: true, message: HELD }, held }
}

const HELD = 'the profile stands still for it until the disks are put back'

function refuseAny(findings: readonly Finding[]): void {
  const refusing = findings.filter(({ severity }) => severity === 'refuse')
  const [first] = refusing
  if (first === undefined) return
  throw new StillshotError(first.error ?? 'preflight-refused', refusing.map(({ message }) => message).join('; '), {
    hint: refusing.map(({ hint }) => hint).join('; '),
    details: { findings: refusing },
  })
}

/** Looks whether the snapshot of a point that is not ours is still the one that was graded; of one of ours nobody uses the name again. */
export async function checkStillSame(
  { hypervisor }: Pick<Ports, 'hypervisor'>,
  vm: Vm,
  point: RestorePoint,
  signal: AbortSignal,
): Promise<void> {
  if (point.kind !== 'foreign') return
  checkSameSnapshot(point, await hypervisor.listSnapshots(vm, { signal, timeoutMs: 60_000 }))
}

/** Other people use a name again: the snapshot of that name must be the one that was graded. */
function checkSameSnapshot({ id, snapshot, createdAt }: RestorePoint, snapshots: readonly Snapshot[]): void {
  const there = snapshots.find(({ name }) => name === snapshot)
  if (there?.createdAt === createdAt) return
  const now = there === undefined ? 'it is gone' : `the one of that name is of ${there.createdAt}`
  throw new StillshotError('snapshot-not-found', `restore point ${id} is ${snapshot} of ${createdAt}, and ${now}`)
}

/** What an adapter calls a storage that goes back to its newest snapshot only. */
const ORDERED: readonly string[] = [NEWEST_ONLY, NOT_NEWEST]

/**
 * Where only the newest snapshot can be gone back to, every newer one is in the way and goes only by its name; a safety snapshot would be
 * in the way, too. Elsewhere they stay.
 */
function newerFindings(
  { snapshot }: RestorePoint,
  newer: readonly string[],
  how: { newestOnly: boolean; safetySnapshot: boolean; removeNewer: readonly string[] },
): readonly Finding[] {
  const refuse = (code: string, message: string, hint: string): Finding => ({
    ...{ severity: 'refuse', code, message, hint, error: 'not-supported' },
  })
  const findings: Finding[] = []
  const wrong = how.removeNewer.filter((name) => !how.newestOnly || !newer.includes(name))
  if (wrong.length > 0) {
    const message = `not in the way of ${snapshot}, and so not to be removed: ${wrong.join(', ')}`
    findings.push(refuse('not-in-the-way', message, 'leave out --remove-newer for what stays'))
  }
  const inTheWay = how.newestOnly ? newer.filter((name) => !how.removeNewer.includes(name)) : []
  if (inTheWay.length > 0) {
    const message = `only the newest snapshot can be gone back to, and newer than ${snapshot}: ${inTheWay.join(', ')}`
    const names = inTheWay.map((name) => `--remove-newer ${shellWord(name)}`).join(' ')
    findings.push(refuse(NOT_NEWEST, message, `if they can be missed, for good: ${names}`))
  }
  if (how.newestOnly && how.safetySnapshot) {
    const message = `only the newest snapshot can be gone back to, and a safety snapshot would be newer than ${snapshot}`
    const hint = 'copy what is still needed, then --no-safety-snapshot: that restore cannot be undone'
    findings.push(refuse('safety-snapshot-newer', message, hint))
  }
  return findings
}

/** What will be done, in order, for a person to read before it is done. */
export function restorePlan(
  { hypervisor }: Ports,
  vm: Vm,
  point: RestorePoint,
  { safetySnapshot, removeNewer = [] }: Pick<RestoreOrder, 'safetySnapshot' | 'removeNewer'>,
): readonly string[] {
  return [
    safetySnapshot
      ? `take a safety snapshot of ${vm.name} as it is now; by hand: ${hypervisor.byHand(vm, 'create-snapshot', SAFETY_BY_HAND)}`
      : `take no safety snapshot: what ${vm.name} holds now is lost for good`,
    ...removeNewer.map((name) => `remove ${name} for good; by hand: ${hypervisor.byHand(vm, 'remove-snapshot', name)}`),
    `stop ${vm.name} hard and put its disks back to ${point.snapshot} (${point.grade}, ${point.createdAt}); by hand: ${hypervisor.byHand(vm, 'roll-back', point.snapshot)}`,
    `start ${vm.name}; by hand: ${hypervisor.byHand(vm, 'power-on', point.snapshot)}`,
    'reach the guest, read back the marker of the point, and check that the database is up',
  ]
}

/** The name of a safety snapshot that a person takes. */
export const SAFETY_BY_HAND = 'before-restore'
