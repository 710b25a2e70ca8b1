import { disksOf } from '../guests/drives.ts'
import { checkConfigLock, copiedConfig, describe, type GuestConfig } from '../guests/guest.ts'
import { hasSnapshotFeature } from '../guests/storage.ts'
import { die } from '../refusal.ts'
import { freeze, freezeApplies, thaw } from './agent.ts'
import { underLock, type WorkContext } from './context.ts'
import { removeAfterFailure } from './remove-snapshot.ts'

export interface SnapshotOrder {
  readonly name: string
  readonly description: string
  /** With the RAM of a running guest. */
  readonly withMemory: boolean
}

/** Freeze, pause, every disk in turn, resume, thaw. A failure on the way takes away what was made. */
export async function createSnapshot(context: WorkContext, order: SnapshotOrder): Promise<void> {
  const { worker, guest } = context
  const section = await prepare(context, order)
  const running = await guest.machine.running()
  const made: string[] = []
  let frozen = false
  let failure: unknown
  try {
    await worker.at('locked')
    const byAgent = running && guest.kind.name === 'qemu' && section.vmstate === undefined
    frozen = byAgent && (await freezeApplies(context))
    if (frozen) {
      await freeze(context)
      await worker.at('frozen')
    }
    if (running) {
      await guest.machine.pause()
      await worker.at('paused')
    }
    for (const { key, volume } of disksOf(section)) {
      await worker.at(`disk ${key}`)
      if (guest.kind.name === 'qemu') worker.log(`snapshotting 'drive-${key}' (${volume})`)
      await guest.machine.snapshotDisk(key, order.name)
      made.push(key)
    }
    await worker.at('disks')
  } catch (error) {
    failure = error
  }
  if (running) {
    await guest.machine.resume()
    await worker.at('resumed')
    if (frozen) {
      await thaw(context)
      await worker.at('thawed')
    }
  }
  if (failure !== undefined) {
    worker.log('snapshot create failed: starting cleanup')
    await removeAfterFailure(context, order.name, made)
    throw failure
  }
  await commit(context, order.name)
  await worker.at('done')
}

/** Sets the lock and writes the unfinished snapshot. Everything that can be refused is refused here. */
function prepare(context: WorkContext, order: SnapshotOrder): Promise<GuestConfig> {
  const { cluster, guest } = context
  const running = order.withMemory ? guest.machine.running() : Promise.resolve(false)
  return running.then((withMemory) =>
    underLock(context, () => {
      const { config, snapshots } = guest
      if (config.template === 1) die("you can't take a snapshot if it's a template")
      checkConfigLock(guest)
      if (snapshots.has(order.name)) die(`snapshot name '${order.name}' already used`)
      if (!hasSnapshotFeature(config, cluster.storages)) die('snapshot feature is not available')
      const section: GuestConfig = { ...copiedConfig(config), snapstate: 'prepare' }
      section.snaptime = Math.floor(cluster.now() / 1000)
      if (withMemory) section.vmstate = `local:${guest.vmid}/vm-${guest.vmid}-state-${order.name}.raw`
      describe(section, order.description)
      config.lock = 'snapshot'
      snapshots.set(order.name, section)
      return section
    }),
  )
}

function commit(context: WorkContext, name: string): Promise<void> {
  const { guest } = context
  return underLock(context, () => {
    const section = guest.snapshots.get(name)
    if (guest.config.lock !== 'snapshot') die('missing snapshot lock')
    if (section === undefined) die(`snapshot '${name}' does not exist`)
    if (section.snapstate !== 'prepare') die('wrong snapshot state')
    delete section.snapstate
    delete guest.config.lock
    guest.config.parent = name
  })
}
