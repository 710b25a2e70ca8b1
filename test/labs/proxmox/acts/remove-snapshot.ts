import { disksOf, drivesOf } from '../guests/drives.ts'
import { addUnused, type ConfigLock, checkConfigLock, type Guest, type GuestConfig } from '../guests/guest.ts'
import { migrationLockFile } from '../guests/guest-kind.ts'
import { die, Refusal } from '../refusal.ts'
import { underLock, type WorkContext } from './context.ts'

/**
 * Removes a snapshot, `force` over disks that fail. Without force, a failure leaves the lock and a snapshot in state
 * `delete`.
 */
export async function removeSnapshot(context: WorkContext, name: string, force: boolean): Promise<void> {
  const { cluster, worker, guest } = context
  const file = migrationLockFile(guest.vmid)
  try {
    await cluster.lockFile(guest.node, file, worker, () => remove(context, name, force))
  } catch (error) {
    const replicates = error instanceof Refusal && error.message.startsWith(`can't lock file '${file}'`)
    throw replicates ? new Error('Failed to obtain guest migration lock - replication running?') : error
  }
}

async function remove(context: WorkContext, name: string, force: boolean): Promise<void> {
  const { worker, guest } = context
  sectionOf(guest, name)
  await underLock(context, () => {
    checkConfigLock(guest)
    guest.config.lock = 'snapshot-delete'
  })
  await markDeleted(context, name, 'snapshot-delete')
  await worker.at('locked')
  if (!force) await underLock(context, () => delete sectionOf(guest, name).vmstate)
  const volumes = await removeDisks(context, name, force)
  await worker.at('disks')
  await forget(context, name, { lock: 'snapshot-delete', volumes })
  await worker.at('done')
}

/** After a snapshot that could not be taken, under its lock: only the disks that have it. Problems are log lines. */
export async function removeAfterFailure(context: WorkContext, name: string, made: readonly string[]): Promise<void> {
  try {
    await markDeleted(context, name, 'snapshot')
    const volumes = await removeDisks(context, name, true, made)
    await forget(context, name, { lock: 'snapshot', volumes })
  } catch (error) {
    context.worker.log(error instanceof Error ? error.message : String(error))
  }
}

function sectionOf({ snapshots }: Guest, name: string): GuestConfig {
  return snapshots.get(name) ?? die(`snapshot '${name}' does not exist`)
}

function checkLockIs({ config }: Guest, lock: ConfigLock): void {
  if (config.lock !== lock) die(`encountered invalid lock, expected '${lock}'`)
}

function markDeleted(context: WorkContext, name: string, lock: ConfigLock): Promise<void> {
  const { guest } = context
  return underLock(context, () => {
    checkLockIs(guest, lock)
    if (guest.config.template === 1) die("you can't delete a snapshot if vm is a template")
    sectionOf(guest, name).snapstate = 'delete'
  })
}

/** Gives the volumes that no longer have the snapshot. */
async function removeDisks(
  context: WorkContext,
  name: string,
  force: boolean,
  only?: readonly string[],
): Promise<readonly string[]> {
  const { worker, guest } = context
  const volumes: string[] = []
  for (const { key, volume } of disksOf(sectionOf(guest, name))) {
    try {
      await worker.at(`disk ${key}`)
      if (!(only?.includes(key) ?? true)) continue
      await guest.machine.removeDiskSnapshot(key, name)
      volumes.push(volume)
    } catch (error) {
      if (!force) throw error
      worker.log(error instanceof Error ? error.message : String(error))
    }
    if (force) continue
    await underLock(context, () => {
      checkLockIs(guest, 'snapshot-delete')
      const section = sectionOf(guest, name)
      delete section[key]
      addUnused(section, volume)
    })
  }
  return volumes
}

/** Takes the section away and lets the others stand on its parent; volumes that nothing names any more are unused. */
function forget(
  context: WorkContext,
  name: string,
  options: { lock: ConfigLock; volumes: readonly string[] },
): Promise<void> {
  const { guest } = context
  return underLock(context, () => {
    checkLockIs(guest, options.lock)
    const { config, snapshots } = guest
    const section = sectionOf(guest, name)
    for (const one of [config, ...snapshots.values()]) {
      if (one.parent !== name) continue
      if (section.parent === undefined) delete one.parent
      else one.parent = section.parent
    }
    snapshots.delete(name)
    delete config.lock
    const used = drivesOf(config).map(({ volume }) => volume)
    for (const volume of options.volumes) if (!used.includes(volume)) addUnused(config, volume)
  })
}
