import { randomBytes, randomUUID } from 'node:crypto'
import { disksOf } from '../guests/drives.ts'
import { checkConfigLock, copiedConfig, describe, type Guest, type GuestConfig } from '../guests/guest.ts'
import { copiesSnapshots } from '../guests/storage.ts'
import { die } from '../refusal.ts'
import type { WorkContext } from './context.ts'

export interface CloneOrder {
  readonly newid: number
  readonly name: string | undefined
  readonly description: string | undefined
  readonly snapshot: string
}

/** What is refused before there is a task; gives the configuration to copy. */
export function checkClone({ cluster }: Pick<WorkContext, 'cluster'>, guest: Guest, order: CloneOrder): GuestConfig {
  const other = cluster.guests.get(order.newid)
  if (other !== undefined)
    die(`unable to create VM ${order.newid} - VM ${order.newid} already exists on node '${other.node}'`)
  checkConfigLock(guest)
  const section = guest.snapshots.get(order.snapshot) ?? die(`snapshot '${order.snapshot}' does not exist`)
  if (!copiesSnapshots(section, cluster.storages)) {
    die(`Full clone feature is not supported for drive '${disksOf(section)[0]?.key}'`)
  }
  return section
}

/**
 * The new guest is there from the start, empty and locked; what it is made of, its name and description included, is written
 * when all disks are copied. A failure takes it away again.
 */
export async function cloneGuest(context: WorkContext, section: GuestConfig, order: CloneOrder): Promise<void> {
  const { cluster, worker, guest } = context
  const machine = await guest.machine.copyAt(order.snapshot)
  const { kind, node } = guest
  const { newid: vmid } = order
  const copy: Guest = {
    vmid,
    kind,
    node,
    config: { lock: 'clone' },
    snapshots: new Map(),
    machine,
    ha: false,
    startedAt: 0,
  }
  cluster.guests.set(vmid, copy)
  try {
    await worker.at('locked')
    for (const { key, volume } of disksOf(section)) {
      worker.log(`create full clone of drive ${key} (${volume})`)
      await worker.at(`disk ${key}`)
    }
    await worker.at('disks')
  } catch (error) {
    cluster.guests.delete(vmid)
    throw new Error(`clone failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  copy.config = clonedConfig(section, order)
  machine.identify?.(/uuid=([0-9a-f-]{36})/.exec(String(copy.config.smbios1))?.[1] ?? '')
  await worker.at('done')
}

function clonedConfig(section: GuestConfig, { newid, name, description }: CloneOrder): GuestConfig {
  const { parent: _, ...config } = copiedConfig(section)
  for (const [key, value] of Object.entries(config)) {
    if (/^net\d+$/.test(key)) config[key] = String(value).replace(/(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i, newAddress())
  }
  for (const { key, volume } of disksOf(section)) {
    const copied = volume.replaceAll(/\d+(?=\/vm-)|(?<=\/vm-)\d+/g, String(newid))
    config[key] = String(config[key]).replace(volume, copied)
  }
  config.smbios1 = `uuid=${randomUUID()}`
  config.vmgenid = randomUUID()
  config.name = name ?? `Copy-of-VM-${String(config.name)}`
  if (description !== undefined) describe(config, description)
  return config
}

function newAddress(): string {
  const bytes = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase())
  return ['BC', '24', '11', ...bytes].join(':')
}
