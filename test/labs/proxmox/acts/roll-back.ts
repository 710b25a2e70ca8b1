import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { disksOf } from '../guests/drives.ts'
import { addUnused, appliedConfig, checkConfigLock, type GuestConfig } from '../guests/guest.ts'
import { migrationLockFile } from '../guests/guest-kind.ts'
import { checkRollBackPossible } from '../guests/storage.ts'
import { die } from '../refusal.ts'
import type { WorkContext } from './context.ts'
import { startGuest } from './power.ts'

/**
 * Stops the guest hard, puts disks and configuration back. It is then off, unless the snapshot has its RAM; with
 * `start`, another task starts it, whose end this one does not wait for.
 */
export async function rollBack(context: WorkContext, name: string, start: boolean): Promise<void> {
  const { cluster, worker, guest } = context
  const wasRunning = await guest.machine.running()
  const file = migrationLockFile(guest.vmid)
  await cluster.lockFile(guest.node, file, worker, async () => {
    const section = await stopAndLock(context, name)
    await worker.at('locked')
    for (const { key } of disksOf(section)) {
      await worker.at(`disk ${key}`)
      await guest.machine.rollBackDisk(key, name)
    }
    await worker.at('disks')
    await apply(context, name)
    await worker.at('done')
    if (section.vmstate !== undefined && wasRunning) cleanUp(context)
  })
  if (!start) return
  const { node, who } = worker.task
  const order = { node, type: `${guest.kind.taskPrefix}start`, id: String(guest.vmid), who }
  cluster.tasks.fork(order, async (starter) => {
    await startGuest({ ...context, worker: starter })
    if (wasRunning) cleanUp(context)
  })
}

async function stopAndLock(context: WorkContext, name: string): Promise<GuestConfig> {
  const { cluster, worker, guest } = context
  return cluster.lockFile(guest.node, guest.kind.lockFile(guest.vmid), worker, async () => {
    if (guest.config.template === 1) die("you can't rollback if vm is a template")
    const section = guest.snapshots.get(name) ?? die(`snapshot '${name}' does not exist`)
    for (const drive of disksOf(section)) checkRollBackPossible(guest, name, drive, cluster.storages)
    if (section.snapstate !== undefined) {
      die(`unable to rollback to incomplete snapshot (snapstate = ${section.snapstate})`)
    }
    checkConfigLock(guest)
    await guest.machine.stop()
    guest.config.lock = 'rollback'
    return section
  })
}

function apply(context: WorkContext, name: string): Promise<void> {
  const { cluster, worker, guest } = context
  return cluster.lockFile(guest.node, guest.kind.lockFile(guest.vmid), worker, async () => {
    const section = guest.snapshots.get(name) ?? die(`snapshot '${name}' does not exist`)
    if (await guest.machine.running()) die(`unable to rollback vm ${guest.vmid}: vm is running`)
    if (guest.config.lock !== 'rollback') die('got wrong lock')
    const kept = disksOf(section).map(({ volume }) => volume)
    for (const { volume } of disksOf(guest.config)) if (!kept.includes(volume)) addUnused(guest.config, volume)
    guest.config = { ...appliedConfig(guest.config, section), parent: name }
    if (guest.config.vmgenid !== undefined) guest.config.vmgenid = randomUUID()
    if (section.vmstate !== undefined) await guest.machine.start()
  })
}

/**
 * `qm cleanup`, called because the old process has ended, sees the new one and waits for its end, with the flock in
 * its hands: start, stop, snapshot and removal may fail with a time-out meanwhile.
 */
function cleanUp({ cluster, guest }: WorkContext): void {
  const wait = () => sleep(cluster.times.cleanUpMs, undefined, { ref: false })
  cluster.lockFile(guest.node, guest.kind.lockFile(guest.vmid), undefined, wait).catch(() => {})
}
