import type { RestorePoint } from '../../../src/catalog/catalog.ts'
import { isWorse } from '../../../src/grade/grade.ts'
import type { MakeInvariant } from '../invariant.ts'
import { keptIn } from '../procedures/prune-vm.ts'
import { VM } from '../world.ts'

/** From the last look to the arrival: what people remove in between nobody can know. */
const UNSEEN_MS = 1_000

/**
 * Promise 6: when the removal of a restore point arrives, a newer one of the same catalog is as good and whole, a planned one where
 * it was planned, and as many good
 * ones as the policy keeps are newer. Newer is what the hypervisor made later, whatever the coordinators' clocks say.
 */
export const keepsTheGood: MakeInvariant = (world) => {
  const { hosts, books, clock, removedByPeople, foreignSnapshots } = world
  const kept = keptIn(world)
  const stores = new Set(hosts.map(({ catalog }) => catalog))
  const people = { removed: 0, atMs: Number.NEGATIVE_INFINITY }
  const watchPeople = () => {
    if (removedByPeople.size > people.removed) {
      Object.assign(people, { removed: removedByPeople.size, atMs: clock.monotonic() })
    }
    return undefined
  }
  // What the modes of a snapshot promise: a policy counts either.
  const isGood = ({ grade, kind }: RestorePoint) =>
    (grade === 'db-stopped' || grade === 'fs-frozen') && kind === 'snapshot'
  const judge = (points: readonly RestorePoint[], name: string): string | undefined => {
    const removed = points.find(({ snapshot }) => snapshot === name)
    const snapshots = books.state(VM).snapshots.map(({ snapshot }) => snapshot)
    const place = snapshots.findIndex((snapshot) => snapshot.name === name)
    // The rest of one that was removed half is worth nothing.
    if (removed === undefined || snapshots[place]?.complete !== true) return undefined
    const whole = new Set(snapshots.slice(place + 1).flatMap((snapshot) => (snapshot.complete ? [snapshot.name] : [])))
    const newer = points.filter(({ snapshot }) => whole.has(snapshot))
    const asGood = newer.some(
      ({ grade, kind }) => !isWorse(grade, removed.grade) && (kind !== 'safety' || removed.kind === 'safety'),
    )
    if (!asGood && clock.monotonic() - people.atMs > UNSEEN_MS)
      return `${name} (${removed.grade}) was the last of its grade`
    // Those that people removed after it was decided are still in the catalog, and were counted.
    const counted = points.filter(
      (point) => isGood(point) && (newer.includes(point) || removedByPeople.has(point.snapshot)),
    )
    return isGood(removed) && counted.length < kept ? `${name} was one of the ${kept} good ones that stay` : undefined
  }
  return {
    promise: 'retention leaves the good ones',
    onEvent: watchPeople,
    onArrival(arrival) {
      watchPeople()
      if (arrival.at !== 'hypervisor' || arrival.change !== 'remove') return undefined
      if (foreignSnapshots.has(arrival.name)) return `${arrival.name} is somebody else's`
      const broken = [...stores].map(({ points }) => judge([...points.values()], arrival.name))
      return broken.find((what) => what !== undefined)
    },
  }
}
