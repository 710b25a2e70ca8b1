import { constants } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import { type Compression, isStreamName, type Manifest, readManifest } from '../../../src/repository/manifest.ts'
import type { RepositoryPlace } from '../../../src/repository/place.ts'
import type { BackupKey, BackupWriter, ByHand, Repository } from '../../../src/repository/repository.ts'
import type { Sealing } from '../../../src/repository/sealing.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import { mountOf, placeOf } from '../../mounts/mounts.ts'
import { storageOfPath } from '../../mounts/storage-of-path.ts'
import { storageError } from './directory-errors.ts'
import { DirectoryWriter, MANIFEST } from './directory-writer.ts'
import { syncFolder } from './sync-folder.ts'

export interface DirectorySettings {
  /** Name under `repositories:`. */
  readonly name: string
  readonly path: string
  /** The path must be a mount, or lie on one other than the root's: a share that is not mounted leaves an empty folder. */
  readonly mount: boolean
  readonly compression: Compression
  readonly sealing?: Sealing
}

/** What is not whole begins with a dot: `ls` does not show it, and neither do we. */
const UNFINISHED = '.unfinished-'
const REMOVED = '.removed-'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/**
 * Backups in a folder: PATH/VM/ID holds the streams, `manifest.json` and `SHA256SUMS`. The folder itself is never made: where
 * it is missing, something that should be mounted is not.
 */
export class DirectoryRepository implements Repository {
  readonly name: string
  readonly compression: Compression
  readonly sealing?: Sealing
  readonly #settings: DirectorySettings

  constructor(settings: DirectorySettings) {
    this.name = settings.name
    this.compression = settings.compression
    if (settings.sealing !== undefined) this.sealing = settings.sealing
    this.#settings = settings
  }

  async check({ signal }: CallOptions = {}): Promise<readonly Finding[]> {
    signal?.throwIfAborted()
    try {
      await this.#refuseAbsent()
      await access(this.#settings.path, constants.W_OK | constants.X_OK)
    } catch (thrown) {
      const { code, message, hint } = this.#error(thrown)
      return [{ severity: 'refuse', code, message, hint, error: code }]
    }
    const message = `repository ${this.name}: ${this.#settings.path} is there and can be written`
    const reached = { severity: 'ok', code: 'repository-reached', message, hint: '' } as const
    return [reached, ...((await this.sealing?.check({ ...(signal === undefined ? {} : { signal }) })) ?? [])]
  }

  async place(guestHost: string): Promise<RepositoryPlace> {
    const { path } = this.#settings
    const [place, storage] = await Promise.all([
      mountOf(path).then(
        (mount) => placeOf(mount, guestHost),
        () => placeOf(undefined, guestHost),
      ),
      storageOfPath(path),
    ])
    return { ...place, storage }
  }

  async begin(key: BackupKey, { signal }: CallOptions = {}): Promise<BackupWriter> {
    return this.#attempt(async () => {
      signal?.throwIfAborted()
      await this.#refuseAbsent()
      const folder = this.#vmFolder(key.vm)
      await mkdir(folder, { mode: 0o700 }).then(() => syncFolder(this.#settings.path), ignoreCode('EEXIST'))
      const [unfinished, whole] = [join(folder, UNFINISHED + key.id), this.#folder(key)]
      if (await isThere(whole)) throw new StillshotError('repository-unusable', `${whole} is there already`)
      await mkdir(unfinished, { mode: 0o700 })
      await syncFolder(folder)
      return new DirectoryWriter({ unfinished, whole, folder, fail: (thrown) => this.#error(thrown) })
    })
  }

  async list(vm: string): Promise<readonly string[]> {
    return this.#attempt(async () => {
      await this.#refuseAbsent()
      const names = await readdir(this.#vmFolder(vm)).catch(ignoreCode('ENOENT'))
      const whole: string[] = []
      for (const name of (names ?? []).sort()) {
        if (NAME.test(name) && (await isThere(join(this.#vmFolder(vm), name, MANIFEST)))) whole.push(name)
      }
      return whole
    })
  }

  async manifest(key: BackupKey): Promise<Manifest> {
    return this.#attempt(async () => {
      await this.#refuseAbsent()
      const path = join(this.#folder(key), MANIFEST)
      const text = await readFile(path, 'utf8').catch(ignoreCode('ENOENT'))
      if (text === undefined)
        throw new StillshotError('backup-not-found', `there is no backup ${this.whereabouts(key)}`)
      return readManifest(text, path)
    })
  }

  async read(key: BackupKey, stream: string, { signal }: CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    return this.#attempt(async () => {
      if (!isStreamName(stream)) throw new StillshotError('defect', `${JSON.stringify(stream)} is no name of a stream`)
      const path = join(this.#folder(key), stream)
      const file = await open(path, 'r').catch(ignoreCode('ENOENT'))
      if (file === undefined) {
        const there = await isThere(join(this.#folder(key), MANIFEST))
        throw there
          ? new StillshotError('backup-damaged', `${path} is missing`)
          : new StillshotError('backup-not-found', `there is no backup ${this.whereabouts(key)}`)
      }
      return this.#chunks(file.createReadStream({ highWaterMark: CHUNK_BYTES, signal }), path)
    })
  }

  async remove(key: BackupKey): Promise<void> {
    await this.#attempt(async () => {
      await this.#refuseAbsent()
      const folder = this.#vmFolder(key.vm)
      const removed = join(folder, REMOVED + key.id)
      // Out of the list at once, whole: a removal that dies in the middle leaves no backup that lacks a part.
      await rename(this.#folder(key), removed).catch(ignoreCode('ENOENT'))
      await syncFolder(folder).catch(ignoreCode('ENOENT'))
      await rm(removed, { recursive: true, force: true })
      await rm(join(folder, UNFINISHED + key.id), { recursive: true, force: true })
    })
  }

  whereabouts(key: BackupKey): string {
    return this.#folder(key)
  }

  byHand(key: BackupKey): ByHand {
    const folder = this.#folder(key)
    return {
      begin: ['sha256sum -c SHA256SUMS'],
      read: (stream) => `< ${stream}`,
      remove: `rm -r ${shellWord(folder)} (or the folder ${UNFINISHED}${key.id} beside it)`,
    }
  }

  async *#chunks(bytes: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes
    } catch (thrown) {
      if ((thrown as Error).name === 'AbortError') throw thrown
      throw new StillshotError('backup-damaged', `${path} cannot be read: ${(thrown as Error).message}`, {
        cause: thrown,
      })
    }
  }

  async #refuseAbsent(): Promise<void> {
    const { path, mount } = this.#settings
    if (!(await stat(path)).isDirectory()) throw new StillshotError('repository-unusable', `${path} is no folder`)
    if (!mount || (await mountOf(path))?.target !== '/') return
    throw new StillshotError('repository-unusable', `nothing is mounted at ${path}`, {
      hint: 'mount it, or set mount: false if it is meant to lie on the root file system',
    })
  }

  #vmFolder(vm: string): string {
    if (!NAME.test(vm)) throw new StillshotError('defect', `${JSON.stringify(vm)} is no name of a VM`)
    return join(this.#settings.path, vm)
  }

  #folder({ vm, id }: BackupKey): string {
    if (!NAME.test(id)) throw new StillshotError('defect', `${JSON.stringify(id)} is no id of a backup`)
    return join(this.#vmFolder(vm), id)
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw this.#error(thrown)
    }
  }

  #error(thrown: unknown): StillshotError {
    return storageError(this.name, thrown)
  }
}

const CHUNK_BYTES = 256 * 1024

/** What somebody laid beside the backups, such as a note, holds none. */
async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(ignoreCode('ENOENT', 'ENOTDIR'))) !== undefined
}

function ignoreCode(...codes: readonly string[]): (thrown: unknown) => undefined {
  return (thrown) => {
    if (!codes.includes(String((thrown as { code?: unknown }).code))) throw thrown
    return undefined
  }
}
