import type { RestorePoint } from '../catalog/catalog.ts'
import { formatDescription, type SnapshotClaim } from '../grade/description.ts'
import type { Grade } from '../grade/grade.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { loadDescriptionKey, loadDurableKey } from './description-key.ts'
import { heldIn } from './expected-marker.ts'
import type { Ports } from './ports.ts'

/** The signed description of a point; `pending` until it is graded, which readers take for `suspect`. */
export async function describePoint(
  ports: Pick<Ports, 'system' | 'stateDirectory'>,
  point: Pick<RestorePoint, 'id' | 'run' | 'vm' | 'createdAt' | 'mode'> & { readonly evidence?: unknown },
  grade: Grade | 'pending',
): Promise<string> {
  // Before anything is done, when a disk that cannot take the key still stops the run and nothing else.
  const load = grade === 'pending' ? loadDurableKey : loadDescriptionKey
  const key = await load(ports.system, ports.stateDirectory)
  const { id, run, vm, createdAt } = point
  return formatDescription({ version: 1, grade, point: id, run, vm, at: createdAt, ...freezeOf(point) }, key)
}

/** What a restore must know of a freeze: no marker names such a point, unless a hold from inside wrote one. */
function freezeOf({
  mode,
  evidence,
}: {
  readonly mode: RestorePoint['mode']
  readonly evidence?: unknown
}): Pick<SnapshotClaim, 'mode' | 'held'> {
  if (mode !== 'freeze') return {}
  const held = heldIn(evidence)
  return { mode, ...(held === undefined ? {} : { held }) }
}

/** Writes the point's grade on the snapshot itself, then into the catalog. Idempotent. */
export async function labelPoint(ports: Ports, vm: Vm, point: RestorePoint, signal: AbortSignal): Promise<void> {
  const description = await describePoint(ports, point, point.grade)
  await ports.hypervisor.describeSnapshot(vm, point.snapshot, description, { signal })
  await ports.catalog.savePoint(point)
}
