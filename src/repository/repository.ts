import type { Finding } from '../finding.ts'
import type { CallOptions } from '../system/clock.ts'
import type { Compression, Manifest } from './manifest.ts'
import type { RepositoryPlace } from './place.ts'
import type { Sealing } from './sealing.ts'

/**
 * Port: off-host storage of backups. A backup is named streams and a manifest, under the name of its VM and its id. It is
 * listed once it is whole, and never before. Passes test/conformance/repository.ts. Every call rejects with
 * `repository-unusable` when the storage cannot be used, and with `storage-full` when it is full.
 */
export interface Repository {
  /** Name under `repositories:`. */
  readonly name: string
  /** How streams are packed for it: a storage that packs by itself and finds what it has already wants them plain. */
  readonly compression: Compression
  /** Absent: whoever reads the storage reads the backups, or the storage encrypts by itself. */
  readonly sealing?: Sealing
  /** Storage, reachable and writable? Changes nothing that stays. What speaks against using it refuses; never rejects. */
  check(options?: CallOptions): Promise<readonly Finding[]>
  /** Where it lies, as seen from a guest with this address or name. */
  place(guestHost: string, options?: CallOptions): Promise<RepositoryPlace>
  /** Begins a backup. What is there under this id already is `repository-unusable`. */
  begin(key: BackupKey, options?: CallOptions): Promise<BackupWriter>
  /** Whole backups of a VM, oldest first; none for a VM that it does not know. */
  list(vm: string, options?: CallOptions): Promise<readonly string[]>
  /** Rejects with `backup-not-found`, with `backup-damaged` when it cannot be read, with `version-newer`. */
  manifest(key: BackupKey, options?: CallOptions): Promise<Manifest>
  /** The bytes of one stream as they are stored. Rejects like {@link manifest}, also in the middle. */
  read(key: BackupKey, stream: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>
  /** Removes one backup, whole or half, and nothing else; what is half removed is not listed. Idempotent. */
  remove(key: BackupKey, options?: CallOptions): Promise<void>
  /** Gives back the space of what was removed, and harms nothing else; may take long. Absent where {@link remove} does. */
  tidy?(options?: CallOptions): Promise<void>
  /** Where a person finds the backup without stillshot. */
  whereabouts(key: BackupKey): string
  /** How a person reads and removes it without stillshot. */
  byHand(key: BackupKey): ByHand
}

/** Commands of a shell, for people. Those that read are typed where the first of `begin` has led. */
export interface ByHand {
  /** What shows that the bytes are as they were written. */
  readonly begin: readonly string[]
  /** The stored bytes of a stream: `< NAME` where it is a file, else a command that prints them. */
  read(stream: string): string
  readonly remove: string
}

export interface BackupKey {
  /** Name under `vms:`. */
  readonly vm: string
  /** The run's and the restore point's. */
  readonly id: string
}

/** A backup that is being written. After {@link finish} or {@link abandon}, or when its process dies, nothing more is written. */
export interface BackupWriter {
  /** Stores the bytes under this name, which is a plain file name. Rejects with what `bytes` throws. Once a name. */
  write(stream: string, bytes: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<StoredStream>
  /** Everything is on the disk, and then the backup is listed. Not to be repeated: whether it came about is seen by {@link Repository.list}. */
  finish(manifest: Manifest, options?: CallOptions): Promise<void>
}

export interface StoredStream {
  readonly sizeBytes: number
  /** Of the bytes as they are stored, in hexadecimal. */
  readonly sha256: string
}

/** The repositories of the configuration, by name. */
export interface Repositories {
  /** Every name under `repositories:`; absent: nobody knows. */
  readonly names?: readonly string[]
  /** Rejects with `config-invalid` for a name that is not there, with `not-supported` for a kind that is not. */
  open(name: string): Promise<Repository>
}
