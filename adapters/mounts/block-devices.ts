import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the kernel tells how block devices stand on each other. */
const SYS = '/sys/dev/block'

/** Devices on devices on devices: more than anybody stacks. */
const DEEPEST = 8

/** The disks at the bottom of a block device (`8:1`), as `disk 8:0`; empty where the kernel does not tell. */
export async function disksUnder(device: string, sys: string = SYS, depth = 0): Promise<readonly string[]> {
  if (depth > DEEPEST) return []
  const folder = await realpath(join(sys, device)).catch(() => undefined)
  if (folder === undefined) return []
  const whole = await readFile(join(folder, 'partition'), 'utf8').then(
    () => readFile(join(folder, '..', 'dev'), 'utf8').then((text) => text.trim()),
    () => undefined,
  )
  if (whole !== undefined) return disksUnder(whole, sys, depth + 1)
  const file = await readFile(join(folder, 'loop', 'backing_file'), 'utf8').catch(() => undefined)
  // A loop device is a file of another file system, which the caller does not see through.
  if (file !== undefined) return []
  const slaves = await readdir(join(folder, 'slaves')).catch(() => [])
  if (slaves.length === 0) return [`disk ${device}`]
  const numbers = await Promise.all(slaves.map((slave) => readFile(join(folder, 'slaves', slave, 'dev'), 'utf8')))
  const below = await Promise.all(numbers.map((number) => disksUnder(number.trim(), sys, depth + 1)))
  return below.some((disks) => disks.length === 0) ? [] : [...new Set(below.flat())]
}

/** `8:1` of a block device by its path; undefined for what is none. */
export async function blockDeviceOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isBlockDevice() ? numbersOf(found.rdev) : undefined
}

/** Major and minor as Linux packs them (makedev(3)). */
function numbersOf(device: number): string {
  const packed = BigInt(device)
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n)
  const minor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}
