import { realpath } from 'node:fs/promises'
import { StillshotError } from '../../../src/errors.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'

/** Reads image files once each, whatever path leads to them. Formats on record come first: {@link record}. */
export class ImageReader {
  /** By the path under which each file was met first. */
  readonly images = new Map<string, ImageHeader>()
  readonly names = new Map<string, string>()
  /** Images of which nobody has recorded a format, so that their own first bytes told it. */
  readonly guessed = new Set<string>()
  readonly #byRealPath = new Map<string, string>()
  readonly #recorded = new Map<string, string>()
  readonly #left: string[] = []

  /** Notes the format that libvirt has of an image. Of two records the one that lets less be read from it counts. */
  async record(image: string, format: string): Promise<void> {
    const name = await this.#nameOf(image)
    const known = this.#recorded.get(name)
    if (known === undefined || known === 'qcow2') this.#recorded.set(name, format)
  }

  /**
   * Reads a recorded image and everything it stands on as far as formats are known; gives the name that stands for the
   * image. The rest is for {@link readRest}.
   */
  async readChain(image: string): Promise<string> {
    const first = await this.#nameOf(image)
    let format = this.#recorded.get(first)
    for (let at: string | undefined = first; at !== undefined && !this.images.has(at); ) {
      if (format === undefined) {
        this.#left.push(at)
        break
      }
      const header = await this.#read(at, format)
      at = header?.backing === undefined ? undefined : await this.#nameOf(header.backing)
      format = at === undefined ? undefined : (this.#recorded.get(at) ?? header?.backingFormat)
    }
    return first
  }

  /** Reads what nobody has recorded, these files and what is left of the chains; after all that is recorded. */
  async readRest(files: readonly string[]): Promise<void> {
    for (const file of [...this.#left, ...files]) {
      for (let at: string | undefined = await this.#nameOf(file); at !== undefined && !this.images.has(at); ) {
        const recorded = this.#recorded.get(at)
        if (recorded === undefined) this.guessed.add(at)
        const backing: string | undefined = (await this.#read(at, recorded))?.backing
        at = backing === undefined ? undefined : await this.#nameOf(backing)
      }
    }
  }

  async #read(name: string, format: string | undefined): Promise<ImageHeader | undefined> {
    const header = await readIfThere(name, format)
    if (header !== undefined) this.images.set(name, header)
    return header
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
async function readIfThere(path: string, format: string | undefined): Promise<ImageHeader | undefined> {
  try {
    return await readImageHeader(path, format)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENXIO') return undefined
    throw new StillshotError('hypervisor-refused', `cannot read the image ${path}: ${message}`, {
      cause: error,
      hint: 'run stillshot as a user who may read the images of all VMs, such as root',
    })
  }
}
