import type { RestorePoint } from '../catalog/catalog.ts'
import { toStillshotError } from '../errors.ts'
import type { Reason } from '../grade/grade.ts'
import { isSignedBy } from '../repository/manifest-signature.ts'
import type { BackupKey, Repository } from '../repository/repository.ts'
import { pointReadBack } from './backup-manifest.ts'
import type { Ports, VmSettings } from './ports.ts'

export interface ReadBackups {
  /** Of every whole backup of the VM in every repository that answers, oldest first. */
  readonly points: readonly RestorePoint[]
  /** What could not be read, and where. */
  readonly left: readonly { readonly snapshot: string; readonly reason: Reason }[]
}

/**
 * Reads the backups of a VM back from their manifests, in every repository of the configuration. `key`: of this coordinator.
 * Changes nothing. Rejects only when cancelled.
 */
export async function readBackups(
  { repositories }: Pick<Ports, 'repositories'>,
  { name, backup }: VmSettings,
  { key, signal }: { readonly key: Uint8Array; readonly signal: AbortSignal },
): Promise<ReadBackups> {
  const points: RestorePoint[] = []
  const left: { snapshot: string; reason: Reason }[] = []
  const fail = (snapshot: string, thrown: unknown) => {
    signal.throwIfAborted()
    const { code, message } = toStillshotError(thrown)
    left.push({ snapshot, reason: { code, message } })
  }
  if (repositories === undefined) return { points, left }
  for (const each of repositories.names ?? (backup === undefined ? [] : [backup.repository])) {
    try {
      const repository = await repositories.open(each)
      for (const id of await repository.list(name, { signal })) {
        const read = await readOne(repository, { vm: name, id }, key, signal).catch((thrown) => {
          fail(`${each}: ${repository.whereabouts({ vm: name, id })}`, thrown)
        })
        if (read !== undefined) points.push(read)
      }
    } catch (thrown) {
      fail(`repository ${each}`, thrown)
    }
  }
  return { points, left }
}

async function readOne(
  repository: Repository,
  place: BackupKey,
  key: Uint8Array,
  signal: AbortSignal,
): Promise<RestorePoint> {
  const manifest = await repository.manifest(place, { signal })
  // A copy under another name is no backup of what it is named after.
  const here = { ...manifest, vm: place.vm, id: place.id }
  const verified = manifest.vm === place.vm && manifest.id === place.id && isSignedBy(manifest, key)
  return pointReadBack(repository, verified ? manifest : here, verified)
}
