import { type DescriptionKey, gradeToTrust, readDescription } from '../../../src/grade/description.ts'
import { idOfSnapshotName } from '../../../src/hypervisor/snapshot-name.ts'
import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'
import { descriptionKeys } from './description-keys.ts'

/**
 * Promise 3: in the end every snapshot of ours is a restore point of a catalog, and says the same grade as that; and every restore
 * point has its snapshot, unless people removed it.
 */
export const noOrphan: MakeInvariant = ({ hosts, books, foreignSnapshots, removedByPeople, repository }) => ({
  promise: 'no orphan',
  async atEnd() {
    const points = hosts.flatMap(({ catalog }) => [...catalog.points.values()])
    const keys = descriptionKeys(hosts)
    const there = books.state(VM).snapshots.map(({ snapshot }) => snapshot)
    for (const { name, description, complete } of there) {
      if (foreignSnapshots.has(name)) continue
      const point = points.find(({ snapshot }) => snapshot === name)
      if (point === undefined) return `${name} is in no catalog: ${description}`
      if (!complete) return `${name} is not complete`
      const id = idOfSnapshotName(name)
      const says = (key: DescriptionKey) => gradeToTrust(readDescription(description, key), id) === point.grade
      if (!keys.some(says)) return `${name} is ${point.grade} in the catalog and says ${description}`
    }
    const empty = points.find(
      ({ kind, snapshot }) =>
        kind !== 'backup' &&
        kind !== 'dump' &&
        kind !== 'foreign' &&
        !removedByPeople.has(snapshot) &&
        !there.some(({ name }) => name === snapshot),
    )
    const dump = points.find(
      ({ kind, id }) => kind === 'dump' && !repository.listed.has(id) && !repository.removedByPeople.has(id),
    )
    if (dump !== undefined) return `the backup ${dump.id} is in a catalog, and not in the repository`
    if (empty !== undefined) return `the restore point ${empty.id} has no snapshot`
    const lost = [...foreignSnapshots].find((name) => !there.some((snapshot) => snapshot.name === name))
    if (lost !== undefined) return `${lost}, which is somebody else's, is gone`
    const { snapshots, power } = books.state('db2')
    return snapshots.length > 0 || power !== 'running' ? 'a VM that nobody named was touched' : undefined
  },
})
