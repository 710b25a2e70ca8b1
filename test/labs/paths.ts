import { join, resolve } from 'node:path'

/** Where the lab keeps everything; never committed. */
export interface LabPaths {
  readonly folder: string
  /** What guest/build-image.sh makes. */
  readonly image: string
  /** A booted guest, saved once and resumed for each test. */
  readonly state: string
  /** One folder a guest. */
  readonly guests: string
  /** One folder a native guest, see container/. */
  readonly natives: string
  /** A file system of 48 MiB, for tests of full storage; mounted by root only, see libvirt.ts. */
  readonly small: string
  /** Configuration and log of a libvirtd that the lab started itself. */
  readonly libvirt: string
}

/** The folder is `STILLSHOT_LAB` where that is set, else `.lab` in the repository. */
export function labPaths(): LabPaths {
  const folder = resolve(process.env.STILLSHOT_LAB ?? join(import.meta.dirname, '../../.lab'))
  return {
    folder,
    image: join(folder, 'img'),
    state: join(folder, 'state'),
    guests: join(folder, 'guests'),
    natives: join(folder, 'natives'),
    small: join(folder, 'small'),
    libvirt: join(folder, 'libvirt'),
  }
}
