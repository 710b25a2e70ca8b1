import type { RestorePoint } from '../catalog/catalog.ts'
import type { Repositories } from '../repository/repository.ts'
import type { CallOptions } from '../system/clock.ts'
import { dumpEvidence } from './backup-manifest.ts'

export interface PointsThere {
  readonly there: readonly RestorePoint[]
  /** Backups that the catalog knows and their repository does not hold any more: a person removed the folder. */
  readonly gone: readonly RestorePoint[]
}

/**
 * Which restore points can still be had, as far as repositories tell; order is kept. What a repository that cannot be reached
 * holds counts as there: it may be. Changes nothing; rejects only when cancelled.
 */
export async function pointsThere(
  repositories: Repositories | undefined,
  points: readonly RestorePoint[],
  options: CallOptions,
): Promise<PointsThere> {
  const lists = new Map<string, Promise<readonly string[] | undefined>>()
  const gone = new Set<RestorePoint>()
  for (const point of points) {
    const evidence = dumpEvidence(point)
    if (evidence === undefined || repositories === undefined) continue
    const { repository, manifest } = evidence
    const key = JSON.stringify([repository, manifest.vm])
    const listing = lists.get(key) ?? listOrNone(repositories, repository, manifest.vm, options)
    lists.set(key, listing)
    const ids = await listing
    if (ids !== undefined && !ids.includes(manifest.id)) gone.add(point)
  }
  return { there: points.filter((point) => !gone.has(point)), gone: [...gone] }
}

async function listOrNone(repositories: Repositories, name: string, vm: string, options: CallOptions) {
  try {
    return await (await repositories.open(name)).list(vm, options)
  } catch {
    options.signal?.throwIfAborted()
    return undefined
  }
}
