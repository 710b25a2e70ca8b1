import { readFile } from 'node:fs/promises'
import { tryCommand } from '../../command.ts'

const QUICK = { timeoutMs: 30_000 }

/**
 * A mount name space begins with all mounts of the one that it came from, and keeps their disks: whoever unmounts one there, checks
 * it and mounts it again would have the old one still. Those of loop devices are let go of here; none of them is ours yet.
 */
export async function letGoOfOthersDisks(): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  for (const mount of mounts) {
    const [place = '', source = ''] = mount.split(' - ')
    if (!/^\S+ \/dev\/loop\d/.test(source)) continue
    const path = (place.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal) =>
      String.fromCharCode(parseInt(octal, 8)),
    )
    await tryCommand('umount', ['--lazy', path], QUICK)
  }
}
