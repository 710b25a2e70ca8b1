import { gunzipSync } from 'node:zlib'
import { MemoryRepository } from '../../adapters/repositories/fake/memory-repository.ts'
import type { Ports } from '../../src/coordinator/ports.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { BackupKey, BackupWriter, Repository } from '../../src/repository/repository.ts'
import type { Clock } from '../../src/system/clock.ts'
import { filesOfSmallTar } from '../repository/tar/small-tar.ts'
import type { SimulatedProcess } from './process.ts'

const NAME = 'nas'

/** The one place off the machine where dumps are kept, and what a promise looks at in it. */
export class SimulatedRepository {
  readonly stored = new MemoryRepository(NAME)
  readonly #clock: Pick<Clock, 'monotonic'>
  /** By id of the backup: what its dump holds, as it was written; whole or not. */
  readonly #dumps = new Map<string, string>()
  /** By id of the backup: its archive of files. */
  readonly #archives = new Map<string, string>()
  /** Ids of those that are listed. */
  readonly listed = new Map<string, Manifest>()
  fullUntilMs = 0
  /** When the process dies that finishes the next backup. */
  finishKills: 'before' | 'after' | undefined

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  lift(): void {
    this.fullUntilMs = 0
    this.finishKills = undefined
  }

  /** As this process has it. */
  portOf(process: SimulatedProcess): NonNullable<Ports['repositories']> {
    return { open: async () => process.guard(new RepositoryPort(this, process)) }
  }

  /** The dump of a backup; undefined when it is not whole. */
  rowsOf(id: string): string | undefined {
    const text = this.#dumps.get(id) ?? ''
    return text.includes('-- Dump completed') ? /^-- rows (\w+);$/m.exec(text)?.[1] : undefined
  }

  /** What both files of a backup hold; undefined when it has none, or they are of two moments. */
  filesOf(id: string): string | undefined {
    const archive = this.#archives.get(id)
    if (archive === undefined) return undefined
    const contents = filesOfSmallTar(archive).flatMap(({ content }) => (content === undefined ? [] : [content]))
    return new Set(contents).size === 1 ? contents[0] : undefined
  }

  async *kept({ id }: BackupKey, stream: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) {
      if (/^(databases\.sql|files\.tar)/.test(stream)) chunks.push(chunk)
      yield chunk
    }
    const whole = stream.startsWith('files') ? this.#archives : this.#dumps
    if (chunks.length > 0) whole.set(id, gunzipSync(Buffer.concat(chunks)).toString())
  }

  async look<T>(work: () => Promise<T>): Promise<T> {
    if (this.fullUntilMs > this.#clock.monotonic()) {
      throw new StillshotError('repository-unusable', 'no space left on device')
    }
    return work()
  }
}

/** Classes, not objects: what a port has is looked up once a class. */
class RepositoryPort implements Repository {
  readonly name = NAME
  readonly compression = 'gzip'
  readonly #all: SimulatedRepository
  readonly #process: SimulatedProcess

  constructor(all: SimulatedRepository, process: SimulatedProcess) {
    this.#all = all
    this.#process = process
  }

  check() {
    return this.#all.look(() => this.#all.stored.check())
  }

  place() {
    return this.#all.stored.place()
  }

  async begin(key: BackupKey) {
    const writer = await this.#all.look(() => this.#all.stored.begin(key))
    return this.#process.guard(new WriterPort(this.#all, this.#process, key, writer))
  }

  list(vm: string) {
    return this.#all.stored.list(vm)
  }

  manifest(key: BackupKey) {
    return this.#all.stored.manifest(key)
  }

  read(key: BackupKey, stream: string) {
    return this.#all.stored.read(key, stream)
  }

  async remove(key: BackupKey) {
    await this.#all.stored.remove(key)
    this.#all.listed.delete(key.id)
  }

  byHand(key: BackupKey) {
    return this.#all.stored.byHand(key)
  }

  whereabouts(key: BackupKey) {
    return this.#all.stored.whereabouts(key)
  }
}

class WriterPort implements BackupWriter {
  readonly #all: SimulatedRepository
  readonly #process: SimulatedProcess
  readonly #key: BackupKey
  readonly #writer: BackupWriter

  constructor(all: SimulatedRepository, process: SimulatedProcess, key: BackupKey, writer: BackupWriter) {
    this.#all = all
    this.#process = process
    this.#key = key
    this.#writer = writer
  }

  write(stream: string, bytes: AsyncIterable<Uint8Array>) {
    return this.#all.look(() => this.#writer.write(stream, this.#all.kept(this.#key, stream, bytes)))
  }

  finish(manifest: Manifest) {
    return this.#all.look(async () => {
      const kills = this.#all.finishKills
      this.#all.finishKills = undefined
      if (kills === 'before') return this.#process.kill()
      await this.#writer.finish(manifest)
      this.#all.listed.set(this.#key.id, manifest)
      if (kills === 'after') this.#process.kill()
    })
  }
}
