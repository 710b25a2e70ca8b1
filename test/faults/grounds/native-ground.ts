import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { runCommand } from '../../labs/command.ts'
import { containerGuest } from '../../labs/container/container-guest.ts'
import { containerOnProxmox } from '../../labs/container/container-on-proxmox.ts'
import type { NativeGuest } from '../../labs/container/native-guest.ts'
import type { NativeMachine } from '../../labs/container/native-machine.ts'
import { proxmoxEntry } from '../../labs/proxmox/cli-on-stand-in.ts'
import type { LabStandIn } from '../../labs/proxmox/lab-stand-in.ts'
import type { Ground, GroundSnapshot } from '../ground.ts'
import { ObserverInside } from './observer-inside.ts'

/** A native guest stops and starts its server in a second; so the watchdog need not be waited for long. */
const SHORTEST_TTL_MS = 25_000

/** What a cell may do to the stand-in itself, beyond what every ground can. */
export interface NativeGround extends Ground {
  readonly name: 'native'
  readonly pve: LabStandIn
}

export function isNative(ground: Ground): ground is NativeGround {
  return ground.name === 'native'
}

/** A fresh native guest of this name behind a stand-in of Proxmox VE; takes some three seconds. */
export async function nativeGround(name: string): Promise<NativeGround> {
  const guest = await containerGuest(name)
  const pve = await containerOnProxmox(guest).catch(async (thrown: unknown) => {
    await guest.destroy()
    throw thrown
  })
  const observer = new ObserverInside(guest, join(guest.folder, 'observer.log'))
  const { machine } = pve
  const snapshotDisk = machine.snapshotDisk.bind(machine)
  machine.snapshotDisk = async (...given) => {
    await observer.saysGone()
    await snapshotDisk(...given)
  }
  return {
    name: 'native',
    guest,
    pve,
    entry: proxmoxEntry(pve),
    shortestTtlMs: SHORTEST_TTL_MS,
    observer: () => observer.start(),
    inside: (command) => guest.inside(command),
    snapshots: async () => snapshotsOf(pve),
    pointInTimeMs: (snapshot) => imageTakenMs(guest, snapshot),
    copies: async () => [],
    clean: () => clean(pve, pve.machine),
    setClock: async () => {},
    destroy: async () => {
      observer.stop()
      await pve.close()
      await guest.destroy()
    },
  }
}

function snapshotsOf({ standIn, vmid }: LabStandIn): readonly GroundSnapshot[] {
  return [...standIn.guest(vmid).snapshots].map(([name, config]) => ({ name, text: JSON.stringify(config) }))
}

interface ImageInfo {
  readonly snapshots?: readonly { readonly name: string; readonly 'date-sec': number; readonly 'date-nsec': number }[]
}

/** When the last disk's image was taken, as QEMU wrote it into the disk. */
async function imageTakenMs({ diskPaths }: NativeGuest, snapshot: string): Promise<number | undefined> {
  const taken: number[] = []
  for (const path of Object.values(diskPaths)) {
    const text = await runCommand('qemu-img', ['info', '-U', '--output=json', path], { timeoutMs: 30_000 })
    for (const image of (JSON.parse(text) as ImageInfo).snapshots ?? []) {
      if (image.name === snapshot) taken.push(image['date-sec'] * 1_000 + image['date-nsec'] / 1e6)
    }
  }
  return taken.length === 0 ? undefined : Math.max(...taken) - performance.timeOrigin
}

async function clean({ standIn, vmid }: LabStandIn, machine: NativeMachine): Promise<boolean> {
  const { snapshots, config } = standIn.guest(vmid)
  if (config.lock !== undefined) return false
  for (const name of [...snapshots.keys()].toReversed()) {
    for (const disk of machine.diskKeys) await machine.removeDiskSnapshot(disk, name)
    snapshots.delete(name)
  }
  delete config.parent
  return true
}
