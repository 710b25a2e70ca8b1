import { stat } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import type { Devices, Storage } from '../../src/system/storage.ts'
import { blockDeviceOf, disksUnder } from './block-devices.ts'
import { addressesOf, isOfHost, type Mount, mountOf, serverOf } from './mounts.ts'

/** What a path of this machine lies on, a block device included; changes nothing, never rejects. */
export async function storageOfPath(path: string): Promise<Storage> {
  try {
    const device = await blockDeviceOf(path)
    if (device !== undefined) return ownDisks(path, devicesOf([], await disksUnder(device)))
    const [mount, { dev }] = await Promise.all([mountOf(path), stat(path)])
    if (mount === undefined) return { kind: 'unknown', name: path, why: `what is mounted at ${path} is not known` }
    return isOfHost(mount) ? await storageOfShare(mount) : ownDisks(path, await devicesOfMount(mount, dev))
  } catch (error) {
    const why = `${path} cannot be looked at: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`
    return { kind: 'unknown', name: path, why }
  }
}

/** A share as a line of mounts names it: `HOST:PATH`, `//HOST/PATH`. */
export async function storageOfShare({ type, source }: Pick<Mount, 'type' | 'source'>): Promise<Storage> {
  const server = serverOf(source)
  if (server === undefined) return { kind: 'unknown', name: source, why: `${source} names no server` }
  const share = shareIn(source)
  const named = { name: source, protocol: protocolOf(type), server, addresses: await addressesOf(server) }
  return { kind: 'share', ...named, ...(share === undefined ? {} : { share }) }
}

function protocolOf(type: string): string {
  if (/^nfs/.test(type)) return 'nfs'
  return /^(cifs|smb)/.test(type) ? 'smb' : type
}

function shareIn(source: string): string | undefined {
  const [, smb] = /^\/\/[^/]+\/(.+)$/.exec(source) ?? []
  const [, nfs] = /^(?:\[[^\]]+\]|[^:/]+):(\/.*)$/.exec(source) ?? []
  return smb ?? nfs
}

async function devicesOfMount({ type, source }: Mount, dev: number): Promise<Devices> {
  const own = [`file system ${dev}`]
  if (type === 'tmpfs') return { ids: own, whole: true }
  if (type === 'zfs') return { ids: [...own, `pool ${source.split('/')[0]}`], whole: false }
  const device = source.startsWith('/dev/') ? await blockDeviceOf(source) : undefined
  return devicesOf(own, device === undefined ? [] : await disksUnder(device))
}

function devicesOf(own: readonly string[], disks: readonly string[]): Devices {
  return { ids: [...own, ...disks], whole: disks.length > 0 }
}

function ownDisks(name: string, devices: Devices): Storage {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))
  return { kind: 'disks', name, addresses, devices }
}
