import type { MakeInvariant } from '../invariant.ts'
import { STATE, VM } from '../world.ts'
import { eventsOf } from './written-before.ts'

/** Promise 5: when disks are put back, the run's own safety snapshot of what they held is complete. */
export const canBeUndone: MakeInvariant = ({ hosts, books, removedByPeople }) => ({
  promise: 'a restore can be undone',
  onArrival(arrival) {
    if (arrival.at !== 'hypervisor' || arrival.change !== 'roll-back') return undefined
    const journals = hosts.flatMap(({ files }) =>
      eventsOf(files.content(`${STATE}/runs/${arrival.run}.jsonl`), 'intent'),
    )
    const made = journals.flatMap((event) =>
      event.event === 'intent' && event.undo?.action === 'remove-snapshot' ? [event.undo.args.snapshot] : [],
    )
    // Whoever removes it in the moment in which it is needed has been told by its name what it is.
    if (made.some((name) => name !== undefined && removedByPeople.has(name))) return undefined
    const safe = books.state(VM).snapshots.some(({ snapshot: { name, complete } }) => complete && made.includes(name))
    return safe ? undefined : `run ${arrival.run} rolls back without a safety snapshot`
  },
})
