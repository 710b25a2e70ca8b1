import { chmod, chown, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { DomainDisk } from './domain-xml.ts'
import { qemuImg } from './qemu-img.ts'
import type { OverlayPlan } from './roll-back-plan.ts'

/**
 * Each under a name of its own first: a file with the real name is a whole overlay. `disks`: who may write to the images of
 * the VM may write to these.
 */
export async function layOverlays(
  disks: readonly DomainDisk[],
  plan: OverlayPlan,
  options: CallOptions,
): Promise<void> {
  for (const [target, image] of plan.frozen) {
    const overlay = plan.overlays.get(target) ?? ''
    const unfinished = `${overlay}.new`
    await rm(unfinished, { force: true })
    const words = ['create', '-q', '-f', 'qcow2', '-F', plan.formats.get(target) ?? 'raw', '-b', image, unfinished]
    await qemuImg(words, `lay an overlay on ${image}`, options)
    await likeOwner(disks.find((disk) => disk.target === target)?.image ?? image, unfinished)
    await syncFile(unfinished)
    await rename(unfinished, overlay)
    await syncFile(dirname(overlay))
  }
}

/** Where libvirt does not manage owners itself, QEMU must be able to write as it could before. */
async function likeOwner(model: string, path: string): Promise<void> {
  const { uid, gid, mode } = await stat(model)
  await chmod(path, mode & 0o777)
  await chown(path, uid, gid)
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
