import type { CopyReport } from '../../../src/coordinator/restore-as.ts'
import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'

/**
 * A copy that is kept, and could be seen by somebody, stays until its removal is ordered, whoever recovers and whatever it is called; in the end nothing is
 * left of one that is not kept; and no snapshot goes under a copy that stands on it.
 */
export const keptCopies: MakeInvariant = ({ books, copiesToGo, removedByPeople }) => {
  const seen = new Set<string>()
  const copies = () => books.copyStates(VM).flatMap(({ copyOf }) => copyOf ?? [])
  const look = () => {
    for (const { id, kept } of copies()) if (kept) seen.add(id)
  }
  const isKept = (id: string) => copies().some((copy) => copy.id === id && copy.kept)
  const missing = () => [...seen].find((id) => !copiesToGo.has(id) && !isKept(id))
  return {
    promise: 'a kept copy stays, and half of one does not',
    onArrival() {
      look()
      return undefined
    },
    onTold({ procedure, told: ending }) {
      const lost = missing()
      if (lost !== undefined) return `the copy ${lost} was kept, and is gone`
      look()
      if (procedure !== 'restore-as' || ending.how !== 'done') return undefined
      const { copy } = ending.result as CopyReport
      if (copy === null) return 'a copy was told of that was not made'
      seen.add(copy.id)
      return isKept(copy.id) || copiesToGo.has(copy.id) ? undefined : `the copy ${copy.id} was told of, and is not kept`
    },
    async atEnd() {
      const lost = missing()
      if (lost !== undefined) return `the copy ${lost} was kept, and is gone`
      const half = copies().find(({ kept, whole }) => !kept || !whole)
      if (half !== undefined) return `the copy ${half.id} is not kept, and is left`
      const names = books.state(VM).snapshots.map(({ snapshot }) => snapshot.name)
      const bare = copies().find(
        ({ snapshotName }) => !names.includes(snapshotName) && !removedByPeople.has(snapshotName),
      )
      return bare === undefined ? undefined : `the snapshot ${bare.snapshotName} went under the copy ${bare.id}`
    },
  }
}
