import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import { type Compression, type Manifest, readManifest } from '../../../src/repository/manifest.ts'
import type { RepositoryPlace } from '../../../src/repository/place.ts'
import type { BackupKey, BackupWriter, ByHand, Repository, StoredStream } from '../../../src/repository/repository.ts'
import type { Sealing } from '../../../src/repository/sealing.ts'

interface Stored {
  readonly streams: Map<string, Buffer>
  manifest?: string
}

/** A repository without a disk; what goes wrong with it is a field. */
export class MemoryRepository implements Repository {
  readonly name: string
  compression: Compression = 'gzip'
  sealing?: Sealing
  /** Thrown by whatever would write, while it is set. */
  fault: StillshotError | undefined
  lies: RepositoryPlace = {
    host: 'other',
    source: 'nas:/backup',
    storage: {
      ...{ kind: 'share', name: 'nas:/backup', protocol: 'nfs' },
      ...{ server: 'nas', addresses: ['10.0.0.9'], share: '/backup' },
    },
  }
  readonly #stored = new Map<string, Stored>()

  constructor(name: string) {
    this.name = name
  }

  async check(): Promise<readonly Finding[]> {
    if (this.fault === undefined) {
      return [{ severity: 'ok', code: 'repository-reached', message: `repository ${this.name} is there`, hint: '' }]
    }
    const { code, message, hint } = this.fault
    return [{ severity: 'refuse', code, message, hint, error: code }]
  }

  async place(): Promise<RepositoryPlace> {
    return this.lies
  }

  async begin(key: BackupKey): Promise<BackupWriter> {
    this.#refuseFault()
    if (this.#stored.has(this.whereabouts(key))) {
      throw new StillshotError('repository-unusable', `${this.whereabouts(key)} is there already`)
    }
    const stored: Stored = { streams: new Map() }
    this.#stored.set(this.whereabouts(key), stored)
    return {
      write: (stream, bytes) => this.#write(stored, stream, bytes),
      finish: async (manifest) => {
        this.#refuseFault()
        stored.manifest = JSON.stringify(manifest)
      },
    }
  }

  async list(vm: string): Promise<readonly string[]> {
    const prefix = this.whereabouts({ vm, id: '' })
    const whole = [...this.#stored].filter(([path, { manifest }]) => path.startsWith(prefix) && manifest !== undefined)
    return whole.map(([path]) => path.slice(prefix.length)).sort()
  }

  async manifest(key: BackupKey): Promise<Manifest> {
    return readManifest(this.#whole(key).manifest ?? '', this.whereabouts(key))
  }

  async read(key: BackupKey, stream: string): Promise<AsyncIterable<Uint8Array>> {
    const bytes = this.#whole(key).streams.get(stream)
    if (bytes === undefined) {
      throw new StillshotError('backup-damaged', `${this.whereabouts(key)}/${stream} is missing`)
    }
    return Readable.from([bytes])
  }

  async remove(key: BackupKey): Promise<void> {
    this.#stored.delete(this.whereabouts(key))
  }

  whereabouts({ vm, id }: BackupKey): string {
    return `${this.name}:${vm}/${id}`
  }

  byHand(key: BackupKey): ByHand {
    return {
      begin: ['sha256sum -c SHA256SUMS'],
      read: (stream) => `< ${stream}`,
      remove: `rm ${this.whereabouts(key)}`,
    }
  }

  /** Turns one bit of a stored stream. */
  spoil(key: BackupKey, stream: string): void {
    const bytes = this.#whole(key).streams.get(stream)
    if (bytes !== undefined) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  }

  async #write(stored: Stored, stream: string, bytes: AsyncIterable<Uint8Array>): Promise<StoredStream> {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) {
      this.#refuseFault()
      chunks.push(chunk)
    }
    const whole = Buffer.concat(chunks)
    stored.streams.set(stream, whole)
    return { sizeBytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') }
  }

  #whole(key: BackupKey): Stored {
    const stored = this.#stored.get(this.whereabouts(key))
    if (stored?.manifest === undefined) {
      throw new StillshotError('backup-not-found', `there is no backup ${this.whereabouts(key)}`)
    }
    return stored
  }

  #refuseFault(): void {
    if (this.fault !== undefined) throw this.fault
  }
}
