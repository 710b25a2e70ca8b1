import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from '../command.ts'
import { DISK_SERIALS, NETWORK_CARD_MAC } from '../domain.ts'
import { ensureImage } from '../image.ts'
import { withLock } from '../lock.ts'
import { labPaths } from '../paths.ts'
import { overlay } from '../saved-state.ts'
import { NativeGuest } from './native-guest.ts'
import { removeNative } from './supervised.ts'

export interface ContainerGuestOptions {
  /** What the guest takes itself for; a virtual machine unless given. */
  readonly looks?: 'vm' | 'container'
}

/**
 * Makes a native guest and resolves when MariaDB answers in it, some three seconds later. One of the same name, left by an earlier
 * process, is destroyed first. It needs root, and neither QEMU's emulation nor libvirt.
 */
export async function containerGuest(name: string, { looks = 'vm' }: ContainerGuestOptions = {}): Promise<NativeGuest> {
  if (!/^[a-z0-9-]{1,24}$/.test(name)) throw new Error(`a guest's name has up to 24 of a-z, 0-9 and -, not ${name}`)
  if (process.getuid?.() !== 0) throw new Error('a native guest needs root: mounts, loop devices, a network of its own')
  const paths = labPaths()
  await mkdir(paths.folder, { recursive: true })
  await withLock(join(paths.folder, 'lock'), () => ensureImage(paths))
  const folder = join(paths.natives, name)
  await removeNative(folder)
  await mkdir(folder, { recursive: true })
  await overlay(join(paths.image, 'base.raw'), 'raw', join(folder, 'vda.qcow2'))
  await overlay(join(paths.image, 'data.raw'), 'raw', join(folder, 'vdb.qcow2'))
  const spec = { folder, looks, uuid: randomUUID(), serials: DISK_SERIALS, card: { mac: NETWORK_CARD_MAC } }
  const guest = await NativeGuest.make({ name, spec, imageFolder: paths.image })
  try {
    await guest.powerOn()
    await guest.ready()
    return guest
  } catch (error) {
    await guest.destroy()
    throw error
  }
}

/** Runs a line for root's shell in the guest, whether it has a network or not; rejects unless it ends with 0. */
export async function runInContainer(guest: NativeGuest, sh: string, timeoutMs = 60_000): Promise<string> {
  const { status, stdout, stderr }: CommandResult = await guest.inside(sh, { timeoutMs })
  if (status === 0) return stdout
  throw new Error(`in guest ${guest.name}: ${sh}: ended with ${status}: ${(stderr || stdout).trim()}`)
}
