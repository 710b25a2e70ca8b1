import type { VmLock } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { type DrillNeed, drillRefusal, type Refused } from '../policy/drill-limits.ts'
import { formatInstant } from '../system/instant.ts'
import type { Ports, VmSettings } from './ports.ts'
import type { Run } from './run.ts'

/** Where two begin at once, each may see the other and give way. */
const TRIES = 4
const PAUSE_MS = 300
const WAIT_PAUSE_MS = 5_000

/**
 * Takes this drill's share of what all drills may take, for as long as its copy may be there: a lock in the catalog by its own name, so that
 * other processes and machines count it, and `recover` gives it back after a crash. It is taken first and counted then, so that of
 * two at once never both come in. Rejects with `drill-limit`, with `details.passes` where waiting for longer may help.
 */
export async function claimDrill(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { vm, waitMs, signal }: { vm: Vm; waitMs: number; signal: AbortSignal },
): Promise<void> {
  const { clock } = ports.system
  const begunAt = clock.monotonic()
  const lock = await claimLock(ports, run, settings, vm)
  const args = { vmKey: lock.vmKey, hold: run.id }
  const undo = { action: 'unlock-vm', args, urgent: false, onlyAfterAll: true, timeoutMs: 30_000 }
  await run.saga.step({ step: 'claim', undo }, async () => {
    for (let tries = 1; ; tries += 1) {
      await ports.catalog.lockVm(lock)
      const refused = await refusal(ports, settings, vm, lock.vmKey)
      if (refused === undefined) return
      await ports.catalog.unlockVm(lock.vmKey, run.id)
      const waits = clock.monotonic() - begunAt < waitMs
      if (!refused.passes || (tries >= TRIES && !waits)) throw limitError(settings, refused)
      await clock.sleep(tries < TRIES ? pauseMs(ports) : WAIT_PAUSE_MS, signal)
    }
  })
}

/** The good end of a claim. */
export async function giveBackClaim(ports: Ports, run: Run, settings: VmSettings, vm: Vm): Promise<void> {
  const { vmKey } = await claimLock(ports, run, settings, vm)
  await run.saga.step({ step: 'give-back' }, () => ports.catalog.unlockVm(vmKey, run.id), { settles: ['claim'] })
}

/** What speaks against a drill now; undefined when nothing does. Changes nothing. `own`: the claim that is not counted. */
export async function refusal(
  { catalog, system }: Ports,
  settings: VmSettings,
  vm: Vm,
  own = '',
): Promise<Refused | undefined> {
  const limits = settings.drill?.limits
  if (limits === undefined) return undefined
  const others = (await catalog.locks()).filter(({ vmKey }) => vmKey !== own)
  const claims = others.flatMap((other) => claimOf(other) ?? [])
  const refused = drillRefusal(limits, needOf(settings, vm), claims, system.clock.now())
  if (refused === undefined) return undefined
  for (const other of others.filter(isDrillClaim)) {
    if ((await system.processes.state(other.owner)) !== 'dead') continue
    return {
      ...refused,
      why: `${refused.why}; drill ${other.run} is of a process that is dead: run \`stillshot recover\``,
    }
  }
  return refused
}

/** The error of a drill that may not begin. */
export function limitError({ name }: VmSettings, { why, passes }: Refused): StillshotError {
  return new StillshotError('drill-limit', `${name}: ${why}`, { details: { passes } })
}

/** True for the share of a drill: it belongs to no VM. */
export function isDrillClaim(lock: Pick<VmLock, 'vmKey'>): boolean {
  return claimOf(lock) !== undefined
}

async function claimLock({ system }: Ports, run: Run, settings: VmSettings, vm: Vm): Promise<VmLock> {
  const { memoryBytes = null, storageBytes } = needOf(settings, vm)
  return {
    vmKey: JSON.stringify([CLAIM, run.id, memoryBytes, storageBytes]),
    ...{ holdId: run.id, run: run.id, procedure: run.record.procedure, owner: await system.processes.self() },
    ...{ takenAt: formatInstant(system.clock.now()), ttlMs: settings.drill?.limitMs ?? 0 },
  }
}

/** A VM's key has three parts. */
const CLAIM = 'drill'

function claimOf({ vmKey }: Pick<VmLock, 'vmKey'>): DrillNeed | undefined {
  if (!vmKey.startsWith(`["${CLAIM}",`)) return undefined
  const parts = JSON.parse(vmKey) as readonly unknown[]
  const [, , memoryBytes, storageBytes] = parts
  if (parts.length !== 4) return undefined
  return { memoryBytes: typeof memoryBytes === 'number' ? memoryBytes : undefined, storageBytes: Number(storageBytes) }
}

function needOf({ drill }: VmSettings, { disks }: Vm): DrillNeed {
  const storageBytes = disks.reduce((sum, { covered, sizeBytes }) => sum + (covered ? sizeBytes : 0), 0)
  return { memoryBytes: drill?.memoryBytes, storageBytes }
}

/** Not the same for two. */
function pauseMs({ system }: Ports): number {
  const [byte = 0] = system.randomness.bytes(1)
  return PAUSE_MS + byte * 4
}
