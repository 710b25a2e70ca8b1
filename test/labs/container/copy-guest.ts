import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { NativeGuest } from './native-guest.ts'
import { removeNative } from './supervised.ts'
import { DISKS } from './supervisor/words.ts'

/**
 * Another guest, off and without a network card, whose disks hold what the guest's did at the snapshot. It is removed with the
 * guest it came from, unless it was before.
 */
export async function copyAt(guest: NativeGuest, snapshot: string): Promise<NativeGuest> {
  const name = `${guest.name}-copy${guest.copies.length + 1}`
  const folder = join(guest.folder, '..', name)
  await removeNative(folder)
  await mkdir(folder, { recursive: true })
  const below = { vda: join(guest.imageFolder, 'base.raw'), vdb: join(guest.imageFolder, 'data.raw') }
  for (const disk of DISKS) {
    const from = ['-U', '-l', `snapshot.name=${snapshot}`, guest.diskPaths[disk]]
    const to = ['-O', 'qcow2', '-B', below[disk], '-F', 'raw']
    await runCommand('qemu-img', ['convert', ...to, ...from, join(folder, `${disk}.qcow2`)], { timeoutMs: 300_000 })
  }
  const { card: _, ...spec } = guest.spec
  const { imageFolder } = guest
  const copy = await NativeGuest.make({ name, spec: { ...spec, folder, uuid: randomUUID() }, imageFolder })
  guest.copies.push(copy)
  return copy
}
