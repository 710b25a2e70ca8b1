import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { StillshotError, toStillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import { isStreamName, type Manifest, readManifest } from '../../../src/repository/manifest.ts'
import type { RepositoryPlace } from '../../../src/repository/place.ts'
import type { BackupKey, BackupWriter, ByHand, Repository, StoredStream } from '../../../src/repository/repository.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import { unnamedFile } from '../../programs/unnamed-file.ts'
import { removeDeadLocks } from './dead-locks.ts'
import { placeOfAddress } from './restic-address.ts'
import { resticError, resticReadError } from './restic-errors.ts'
import { type ResticAccess, type ResticCall, restic, resticText } from './restic-program.ts'
import { filters, readSnapshots, type StreamSnapshot, tagsOf } from './restic-snapshots.ts'

export interface ResticSettings extends ResticAccess {
  /** Name under `repositories:`. */
  readonly name: string
  /** For people; without a password. */
  readonly shownAddress: string
}

const MANIFEST = 'manifest.json'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
/** Between two tries to have a lock that somebody holds. */
const LOCK_PAUSE_MS = 3_000
/** No backup is written for longer: the lock of its run is broken by then. */
const LEFT_AFTER_MS = 172_800_000

/**
 * Backups in a repository of restic: encrypted, deduplicated, on any remote that restic knows. Every stream is a snapshot of
 * its own, under the VM's name as host and the backup's id as a tag; the one that has the manifest makes the others a
 * backup. The repository itself is never made: where it is missing, something is wrong with the address or the storage.
 */
export class ResticRepository implements Repository {
  readonly name: string
  // restic packs what it has not got yet; what is packed before looks new every time.
  readonly compression = 'none'
  readonly #access: ResticAccess
  readonly #address: string

  constructor({ name, shownAddress, ...access }: ResticSettings) {
    this.name = name
    this.#address = shownAddress
    this.#access = access
  }

  async check({ signal }: CallOptions = {}): Promise<readonly Finding[]> {
    try {
      // It takes a lock and gives it back: so the storage can be written, too.
      const { version } = JSON.parse(await this.#text(['cat', 'config'], { signal })) as { version?: unknown }
      const message = `repository ${this.name}: ${this.#address} is there and can be written`
      const reached = { severity: 'ok', code: 'repository-reached', message, hint: '' } as const
      return version === 1 ? [reached, this.#oldFormat()] : [reached]
    } catch (thrown) {
      signal?.throwIfAborted()
      const { code, message, hint } = toStillshotError(thrown)
      return [{ severity: 'refuse', code, message, hint, error: code }]
    }
  }

  async place(guestHost: string): Promise<RepositoryPlace> {
    return placeOfAddress(await this.#access.address(), guestHost)
  }

  async begin(key: BackupKey, { signal }: CallOptions = {}): Promise<BackupWriter> {
    refuseOdd(key)
    if ((await this.#snapshots(filters.backup(key), signal)).length > 0) {
      throw new StillshotError('repository-unusable', `${this.whereabouts(key)} is there already`)
    }
    return {
      write: (stream, bytes, options) => this.#write(key, stream, bytes, options),
      finish: (manifest, options) => this.#finish(key, manifest, options),
    }
  }

  async list(vm: string, { signal }: CallOptions = {}): Promise<readonly string[]> {
    const whole = await this.#snapshots(filters.whole(vm), signal)
    const ids = whole.filter(({ key, completes }) => completes && key.vm === vm).map(({ key }) => key.id)
    return [...new Set(ids)].sort()
  }

  async manifest(key: BackupKey, { signal }: CallOptions = {}): Promise<Manifest> {
    const { snapshot } = completing(await this.#streams(key, signal)) ?? this.#fail(this.#notFound(key))
    const where = this.whereabouts(key)
    const text = await resticText(this.#access, ['dump', snapshot, `/${MANIFEST}`, '--no-lock'], { signal }).catch(
      (thrown: unknown) => this.#fail(resticReadError(thrown, this.#named(), where)),
    )
    return readManifest(text, where)
  }

  async read(key: BackupKey, stream: string, { signal }: CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    if (!isStreamName(stream)) throw new StillshotError('defect', `${JSON.stringify(stream)} is no name of a stream`)
    const streams = await this.#streams(key, signal)
    if (completing(streams) === undefined) throw this.#notFound(key)
    const found = streams.findLast(({ name, completes }) => name === stream && !completes)
    if (found === undefined) {
      throw new StillshotError('backup-damaged', `${this.whereabouts(key)} has no ${stream}`)
    }
    // With a lock: somebody who gives space back moves what is read.
    return this.#chunks(['dump', found.snapshot, `/${stream}`], { signal }, `${this.whereabouts(key)}, ${stream}`)
  }

  async remove(key: BackupKey, { signal }: CallOptions = {}): Promise<void> {
    const streams = await this.#streams(key, signal)
    // Out of the list first: what is half removed is no backup.
    for (const part of [streams.filter((each) => each.completes), streams.filter((each) => !each.completes)]) {
      if (part.length > 0) await this.#alone(['forget', ...part.map(({ snapshot }) => snapshot)], signal)
    }
  }

  async tidy({ signal }: CallOptions = {}): Promise<void> {
    const left = leftOver(await this.#snapshots(filters.ours, signal), Date.now())
    if (left.length > 0) await this.#alone(['forget', ...left], signal)
    await this.#alone(['prune'], signal)
  }

  whereabouts({ vm, id }: BackupKey): string {
    return `restic ${this.#address}, host ${vm}, tag backup=${id}`
  }

  byHand(key: BackupKey): ByHand {
    const address = shellWord(this.#address)
    const ours = filters.backup(key).map(shellWord).join(' ')
    return {
      begin: [`export RESTIC_REPOSITORY=${address} RESTIC_PASSWORD_FILE=FILE`, `restic snapshots ${ours}`],
      read: (stream) => `restic dump ${ours} --path /${stream} latest /${stream}`,
      remove: `restic -r ${address} snapshots ${ours} --json | grep -o '"id":"[0-9a-f]*"' | cut -d'"' -f4 | xargs restic -r ${address} forget`,
    }
  }

  async #write(
    key: BackupKey,
    stream: string,
    bytes: AsyncIterable<Uint8Array>,
    { signal }: CallOptions = {},
  ): Promise<StoredStream> {
    if (!isStreamName(stream)) throw new StillshotError('defect', `${JSON.stringify(stream)} is no name of a stream`)
    const sum = createHash('sha256')
    let sizeBytes = 0
    async function* summed() {
      for await (const chunk of bytes) {
        sum.update(chunk)
        sizeBytes += chunk.length
        yield chunk
      }
    }
    await this.#store(key, stream, { input: summed(), signal }, false)
    return { sizeBytes, sha256: sum.digest('hex') }
  }

  async #finish(key: BackupKey, manifest: Manifest, { signal }: CallOptions = {}): Promise<void> {
    // A file, whole before restic begins: should we die, restic stores all of it or nothing.
    const input = await unnamedFile(`${JSON.stringify(manifest, null, 2)}\n`)
    try {
      await this.#store(key, MANIFEST, { input, signal }, true)
    } finally {
      await input.close()
    }
  }

  async #store(key: BackupKey, name: string, call: ResticCall, completes: boolean): Promise<void> {
    const tags = tagsOf(key, completes).flatMap((tag) => ['--tag', tag])
    await this.#text(['backup', '--quiet', '--stdin', '--stdin-filename', name, '--host', key.vm, ...tags], call)
  }

  /** Without a lock: nothing is read that somebody who gives space back would move. */
  async #snapshots(filter: readonly string[], signal?: AbortSignal): Promise<readonly StreamSnapshot[]> {
    const text = await this.#text(['snapshots', '--json', '--no-lock', ...filter], { signal })
    return readSnapshots(text, `repository ${this.name}`)
  }

  /** Of one backup, oldest first. */
  async #streams(key: BackupKey, signal?: AbortSignal): Promise<readonly StreamSnapshot[]> {
    refuseOdd(key)
    const all = await this.#snapshots(filters.backup(key), signal)
    const mine = all.filter((each) => each.key.id === key.id && each.key.vm === key.vm)
    return mine.sort((one, other) => one.time.localeCompare(other.time))
  }

  /** What nobody else may be at work for. Waits for a lock of the living; one that a dead restic of ours left goes. */
  async #alone(words: readonly string[], signal?: AbortSignal): Promise<void> {
    for (let looked = false; ; looked = true) {
      try {
        await this.#text(words, { signal })
        return
      } catch (thrown) {
        if (toStillshotError(thrown).code !== 'repository-locked') throw thrown
        if (!looked && (await removeDeadLocks(this.#access, signal))) continue
        // Its caller's limit ends it; without one, nobody waits.
        if (signal === undefined) throw thrown
        await pause(LOCK_PAUSE_MS, undefined, { signal }).catch(() => this.#fail(thrown))
      }
    }
  }

  async #text(words: readonly string[], call: ResticCall): Promise<string> {
    return resticText(this.#access, words, call).catch((thrown: unknown) =>
      this.#fail(resticError(thrown, this.#named())),
    )
  }

  async *#chunks(words: readonly string[], call: ResticCall, where: string): AsyncGenerator<Uint8Array> {
    try {
      yield* restic(this.#access, words, call)
    } catch (thrown) {
      throw resticReadError(thrown, this.#named(), where)
    }
  }

  #named() {
    return { name: this.name, address: shellWord(this.#address) }
  }

  #notFound(key: BackupKey): StillshotError {
    return new StillshotError('backup-not-found', `there is no backup ${this.whereabouts(key)}`)
  }

  #fail(thrown: unknown): never {
    throw thrown
  }

  #oldFormat(): Finding {
    const message = `repository ${this.name} has the first format of restic: nothing in it is packed`
    const hint = `restic -r ${shellWord(this.#address)} migrate upgrade_repo_v2`
    return { severity: 'warn', code: 'repository-old-format', message, hint }
  }
}

function completing(streams: readonly StreamSnapshot[]): StreamSnapshot | undefined {
  return streams.findLast(({ completes, name }) => completes && name === MANIFEST)
}

/** Streams of backups that never became whole: a restic whose stillshot was killed ends when everything is settled already. */
function leftOver(all: readonly StreamSnapshot[], nowMs: number): readonly string[] {
  const whole = new Set(all.filter(({ completes }) => completes).map(({ key }) => `${key.vm}/${key.id}`))
  const old = ({ time }: StreamSnapshot) => nowMs - Date.parse(time) > LEFT_AFTER_MS
  return all.filter((each) => !whole.has(`${each.key.vm}/${each.key.id}`) && old(each)).map(({ snapshot }) => snapshot)
}

function refuseOdd({ vm, id }: BackupKey): void {
  if (!NAME.test(vm)) throw new StillshotError('defect', `${JSON.stringify(vm)} is no name of a VM`)
  if (!NAME.test(id)) throw new StillshotError('defect', `${JSON.stringify(id)} is no id of a backup`)
}
