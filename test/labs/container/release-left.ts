import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from '../command.ts'

const QUICK = { timeoutMs: 30_000 }

/**
 * With some kernels a file system that was frozen when the supervisor of its guest was killed is held by that freeze, with its disk,
 * though nobody sees it any more: mounted once more it can be thawed, and goes.
 */
export async function releaseLeft(folder: string): Promise<void> {
  for (const name of await readdir('/sys/block')) {
    const backing = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')
    if (!backing.startsWith(`${folder}/`)) continue
    const place = join(folder, `left-${name}`)
    await mkdir(place, { recursive: true })
    const { status } = await tryCommand('mount', ['-t', 'ext4', '-o', 'noatime', `/dev/${name}`, place], QUICK)
    if (status === 0) {
      await tryCommand('fsfreeze', ['--unfreeze', place], QUICK)
      await tryCommand('umount', [place], QUICK)
    }
    await rmdir(place).catch(() => {})
  }
}
