import { gunzipSync } from 'node:zlib'
import { MemoryRepository } from '../../adapters/repositories/fake/memory-repository.ts'
import type { Ports } from '../../src/coordinator/ports.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { BackupKey, BackupWriter, Repository } from '../../src/repository/repository.ts'
import type { Clock } from '../../src/system/clock.ts'
import { filesOfSmallTar } from '../repository/tar/small-tar.ts'
import { CountedMap } from './counted-map.ts'
import type { SimulatedProcess } from './process.ts'

const NAME = 'nas'
/** What a stream, or the rest of a removal, takes. */
const TAKES_MS = 100

/** The one place off the machine where dumps are kept, and what a promise looks at in it. */
export class SimulatedRepository {
  readonly stored = new MemoryRepository(NAME)
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>
  /** By id of the backup: what its dump holds, as it was written; whole or not. */
  readonly #dumps = new Map<string, string>()
  /** By id of the backup: its archive of files. */
  readonly #archives = new Map<string, string>()
  /** Ids of those that are listed. */
  readonly listed = new CountedMap<string, Manifest>()
  /** Ids of those of which something is there that is not listed: never whole, or removed half. */
  readonly unfinished = new Set<string>()
  /** Ids of those that somebody removed by hand. */
  readonly removedByPeople = new Set<string>()
  /** A removal arrives; the backup is as it was still. */
  onRemoval: (id: string, process: SimulatedProcess) => void = () => {}
  /** The next removal fails in the middle. */
  removalFails = false
  /** The process dies that asks for the next removal, before it does. */
  removalKills = false
  fullUntilMs = 0
  /** Nobody reaches it until then. */
  awayUntilMs = 0
  /** When the process dies that finishes the next backup. */
  finishKills: 'before' | 'after' | undefined

  constructor(clock: Pick<Clock, 'monotonic' | 'sleep'>) {
    this.#clock = clock
  }

  lift(): void {
    this.fullUntilMs = 0
    this.awayUntilMs = 0
    this.removalFails = false
    this.removalKills = false
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

  /** A backup of the days before: with the streams of `like`. */
  async copy(like: string, key: BackupKey, manifest: Manifest): Promise<void> {
    const writer = await this.stored.begin(key)
    for (const { name } of manifest.streams) {
      await writer.write(name, await this.stored.read({ ...key, id: like }, name))
    }
    await writer.finish(manifest)
    this.#dumps.set(key.id, this.#dumps.get(like) ?? '')
    this.listed.set(key.id, manifest)
  }

  /** The list first, then the rest: with its process ends what it has not done yet. */
  async remove(key: BackupKey, process: SimulatedProcess): Promise<void> {
    if (this.removalKills) {
      this.removalKills = false
      return process.kill()
    }
    this.onRemoval(key.id, process)
    await this.stored.remove(key)
    if (this.listed.delete(key.id)) this.unfinished.add(key.id)
    if (!this.unfinished.has(key.id)) return
    await this.#clock.sleep(TAKES_MS)
    if (!process.alive) return
    if (this.removalFails) {
      this.removalFails = false
      throw new StillshotError('repository-unusable', 'input/output error')
    }
    this.unfinished.delete(key.id)
  }

  /** Nothing more is read of what somebody removes meanwhile. */
  async *reading({ id }: BackupKey, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      await this.#clock.sleep(TAKES_MS)
      if (!this.listed.has(id)) throw new StillshotError('backup-damaged', `${id} is gone`)
      yield chunk
    }
  }

  /** Somebody removes one by hand: all of it. */
  async removeByHand(key: BackupKey): Promise<void> {
    await this.stored.remove(key)
    this.listed.delete(key.id)
    this.removedByPeople.add(key.id)
  }

  /** What only reads. */
  async reach<T>(work: () => Promise<T>): Promise<T> {
    if (this.awayUntilMs > this.#clock.monotonic()) {
      throw new StillshotError('repository-unusable', 'the share does not answer')
    }
    return work()
  }

  async look<T>(work: () => Promise<T>): Promise<T> {
    if (this.fullUntilMs > this.#clock.monotonic()) {
      throw new StillshotError('repository-unusable', 'no space left on device')
    }
    return this.reach(work)
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
    this.#all.unfinished.add(key.id)
    return this.#process.guard(new WriterPort(this.#all, this.#process, key, writer))
  }

  list(vm: string) {
    return this.#all.reach(() => this.#all.stored.list(vm))
  }

  manifest(key: BackupKey) {
    return this.#all.reach(() => this.#all.stored.manifest(key))
  }

  async read(key: BackupKey, stream: string) {
    return this.#all.reading(key, await this.#all.reach(() => this.#all.stored.read(key, stream)))
  }

  remove(key: BackupKey) {
    return this.#all.reach(() => this.#all.remove(key, this.#process))
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
      this.#all.unfinished.delete(this.#key.id)
      this.#all.listed.set(this.#key.id, manifest)
      if (kills === 'after') this.#process.kill()
    })
  }
}
