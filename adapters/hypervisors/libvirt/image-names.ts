import { basename, dirname, join } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import { isBlockDevice } from './domain-xml.ts'

/** Longest file name of the usual file systems, in bytes. */
const LONGEST_NAME = 255
/** Endings that we gave: a chain of them must not make the name longer with each snapshot. */
const OURS = /(\.stillshot-[0-9A-Z]{26}|\.back-[A-Za-z0-9_-]+)+$/

/**
 * The files of new overlays: beside the image that each will stand on, `<image>.<ending>`. Images that are block devices
 * have no folder of their own; theirs go to `folder`. The same input gives the same names.
 */
export function overlayNames(
  images: ReadonlyMap<string, string>,
  ending: string,
  folder: string,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const [target, image] of images) {
    const at = isBlockDevice(image) ? folder : dirname(image)
    const stem = join(at, basename(image).replace(OURS, ''))
    const plain = `${stem}.${ending}`
    const path = taken.has(plain) ? `${stem}-${target}.${ending}` : plain
    if (Buffer.byteLength(basename(path)) > LONGEST_NAME) {
      throw new StillshotError(
        'snapshot-unsupported',
        `the name of the overlay of disk ${target} would be too long: ${path}`,
      )
    }
    taken.add(path)
    names.set(target, path)
  }
  return names
}

/** The ending of the overlays that a roll back makes. */
export function rollBackEnding(token: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(token)) {
    throw new StillshotError('defect', `a roll back's token must be letters, digits, - and _: ${JSON.stringify(token)}`)
  }
  return `back-${token}`
}
