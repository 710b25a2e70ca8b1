import { realpath } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'

/** Reads image files once each, whatever path leads to them. */
export class ImageReader {
  /** By the path under which each file was met first. */
  readonly images = new Map<string, ImageHeader>()
  readonly names = new Map<string, string>()
  readonly #byRealPath = new Map<string, string>()

  /** Reads the image and everything it stands on; gives the name that stands for the image. */
  async readChain(image: string): Promise<string> {
    const first = await this.#nameOf(image)
    let at: string | undefined = first
    while (at !== undefined && !this.images.has(at)) {
      const header: ImageHeader | undefined = await readIfThere(at)
      if (header === undefined) break
      this.images.set(at, header)
      at = header.backing === undefined ? undefined : await this.#nameOf(header.backing)
    }
    return first
  }

  async #nameOf(path: string): Promise<string> {
    const known = this.names.get(path)
    if (known !== undefined) return known
    const real = await realpath(path).catch(() => path)
    const name = this.#byRealPath.get(real) ?? path
    this.#byRealPath.set(real, name)
    this.names.set(path, name)
    return name
  }
}

/** Undefined for what is not there, also for images that are no local files. */
async function readIfThere(path: string): Promise<ImageHeader | undefined> {
  try {
    return await readImageHeader(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENXIO') return undefined
    throw new StillshotError('hypervisor-refused', `cannot read the image ${path}: ${message}`, {
      cause: error,
      hint: 'run stillshot as a user who may read the images of all VMs, such as root',
    })
  }
}
