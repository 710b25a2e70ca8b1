import { existsSync } from 'node:fs'
import { appendFile, chmod, mkdir, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runCommand, tryCommand } from '../labs/command.ts'
import { waitFor } from '../labs/wait-for.ts'

const LIMIT = { timeoutMs: 30_000 }
const SIZE_BYTES = 16 * 1024 * 1024
const FILLER = 'filler'

/** A small disk of its own under a state directory, so that it can be full, or read-only as after an error of the disk. */
export class StateDisk {
  readonly #image: string
  readonly folder: string

  constructor(image: string, folder: string) {
    this.#image = image
    this.folder = folder
  }

  /** A fresh, empty one in place of what was there. */
  async makeAnew(): Promise<void> {
    await this.remove()
    await mkdir(this.folder, { recursive: true })
    await writeFile(this.#image, '')
    await truncate(this.#image, SIZE_BYTES)
    await runCommand('mkfs.ext4', ['-q', '-F', '-m', '0', this.#image], LIMIT)
    await this.#mount()
    await rm(join(this.folder, 'lost+found'), { recursive: true })
    await chmod(this.folder, 0o700)
  }

  async remove(): Promise<void> {
    // Lazily: a process that was left behind may still have files open on it.
    await tryCommand('umount', ['-l', this.folder], LIMIT)
    await rm(this.#image, { force: true })
  }

  async fill(): Promise<void> {
    const path = join(this.folder, FILLER)
    await writeFile(path, '', { flag: 'a' })
    for (const bytes of [65_536, 4_096, 1]) {
      const block = Buffer.alloc(bytes)
      for (;;) {
        const full = await appendFile(path, block).then(
          () => false,
          () => true,
        )
        if (full || (await statfs(this.folder)).bavail === 0) break
      }
    }
  }

  async empty(): Promise<void> {
    await rm(join(this.folder, FILLER), { force: true })
  }

  /** As the kernel does it after an error of the disk: at once, whatever is open for writing. */
  async turnReadOnly(): Promise<void> {
    await writeFile(join(await this.#seenByKernel(), 'trigger_fs_error'), '1')
  }

  /** What an administrator does then: unmount, check, mount. Nobody may have files open on it. */
  async repair(): Promise<void> {
    const fileSystem = await this.#seenByKernel()
    await runCommand('umount', [this.folder], LIMIT)
    // Whoever has just taken a mount name space of its own has it, too, for a moment.
    const isGone = async () => (existsSync(fileSystem) ? undefined : true)
    await waitFor(isGone, { what: `the end of the file system in ${this.folder}`, ...LIMIT, everyMs: 20 })
    // 1: errors were found and mended.
    const checked = await tryCommand('e2fsck', ['-fy', this.#image], LIMIT)
    if (checked.status > 1 || checked.status < 0) throw new Error(`e2fsck: ${checked.stdout}${checked.stderr}`)
    await this.#mount()
  }

  async #seenByKernel(): Promise<string> {
    const device = basename((await runCommand('findmnt', ['-no', 'SOURCE', this.folder], LIMIT)).trim())
    return `/sys/fs/ext4/${device}`
  }

  async #mount(): Promise<void> {
    await runCommand('mount', ['-o', 'loop,errors=remount-ro', this.#image, this.folder], LIMIT)
  }
}
