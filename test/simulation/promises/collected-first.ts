import { heldIn } from '../../../src/coordinator/expected-marker.ts'
import { onlyWhenChanged } from '../counted-map.ts'
import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'

/**
 * What a freeze left in the guest is in a catalog before it is forgotten there; and after it was collected, each point that is
 * somebody else's snapshot still has that snapshot, and not another of its name.
 */
export const collectedFirst: MakeInvariant = (world) => {
  const { hosts, books, clock } = world
  let askedAtMs = 0
  /** Ids that were in a catalog at any time: a point goes when its snapshot has gone. */
  const known = new Set<string>()
  return {
    promise: 'what a freeze left is kept',
    onEvent: onlyWhenChanged(
      hosts.map(({ catalog }) => catalog.points),
      () => {
        for (const { catalog } of hosts) for (const id of catalog.points.keys()) known.add(id)
        return undefined
      },
    ),
    onArrival(arrival) {
      if (arrival.at !== 'guest') return undefined
      const [id = ''] = arrival.words
      if (arrival.verb === 'kept' && id === '-') askedAtMs = clock.monotonic()
      if (arrival.verb !== 'forget') return undefined
      const knows = hosts.some(({ catalog: { points, holds } }) => {
        // Of a snapshot that has a point, the second freeze is not kept.
        const another = [...points.values()].some(({ kind }) => kind === 'foreign')
        // A snapshot of ours in mode freeze keeps the freeze that it caused as its own evidence.
        const ownEvidence = [...points.values()].some(({ evidence }) => heldIn(evidence) === id)
        return known.has(id) || points.has(id) || holds.has(id) || another || ownEvidence
      })
      return knows ? undefined : `${id} is forgotten in the guest, and in no catalog`
    },
    onTold({ procedure, host, told }) {
      if (procedure !== 'collect' || told.how !== 'done' || told.result === undefined) return undefined
      // Of two that collect at once, one may put back what the other has dropped.
      if (world.forgottenAtMs >= askedAtMs || hosts.length > 1) return undefined
      const there = books.state(VM).snapshots.map(({ snapshot }) => snapshot)
      const stale = [...host.catalog.points.values()].find(
        ({ kind, snapshot, createdAt }) =>
          kind === 'foreign' && !there.some((one) => one.name === snapshot && one.createdAt === createdAt),
      )
      return stale && `${stale.id} is ${stale.snapshot} of ${stale.createdAt}, which is gone`
    },
  }
}
