import type { RestorePoint } from '../../../src/catalog/catalog.ts'
import { expectedMarker } from '../../../src/coordinator/expected-marker.ts'
import type { PruneReport } from '../../../src/coordinator/prune-vm.ts'
import type { RestoreReport } from '../../../src/coordinator/restore-report.ts'
import type { StillshotError } from '../../../src/errors.ts'
import { keepsOthersOut } from '../guest/guest-hold.ts'
import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'

/**
 * What a procedure that ends well says is so when it says it: the point is kept, the guest is let go, the disks
 * are the point's, no lock is left.
 */
export const toldIsTrue: MakeInvariant = ({ books, guest: { machine, helper }, removedByPeople }) => ({
  promise: 'what is told is true',
  onTold({ procedure, host, process, told }) {
    if (told.how === 'died') return undefined
    const { host: ownHost, pid } = process.identity
    // The lock of recover is broken by the next one, where it could not be given back.
    const left = [...host.catalog.locks.values()].find(
      (lock) => lock.procedure !== 'recover' && lock.owner.host === ownHost && lock.owner.pid === pid,
    )
    // It keeps the lock of what stays half restored.
    if (procedure === 'recover') return undefined
    if (told.how === 'failed') {
      if (left === undefined || tellsWhatIsOpen(told.error)) return undefined
      return `${procedure} says that nothing is left to take back, and left the lock of run ${left.run}`
    }
    // A hold keeps its lock.
    if (procedure === 'hold') return undefined
    if (left !== undefined) return `${procedure} has ended well, and left the lock of run ${left.run}`
    if (procedure === 'snapshot') {
      const { id, run, snapshot } = told.result as RestorePoint
      if (helper.holds.some((hold) => hold.id === run && keepsOthersOut(hold)))
        return `${run} is over, and holds the guest`
      if (removedByPeople.has(snapshot)) return undefined
      const there = books.state(VM).snapshots.some(({ snapshot: { name, complete } }) => complete && name === snapshot)
      return there && host.catalog.points.has(id) ? undefined : `${snapshot} was told of, and is not there`
    }
    if (procedure === 'restore') {
      const { point, cameBack } = told.result as RestoreReport
      const { marker } = machine.disk
      const expected = expectedMarker(point)
      if (cameBack && expected !== undefined && marker?.startsWith(expected) !== true)
        return `restored ${point.id}, and the disk is ${marker}`
    }
    if (procedure === 'undo-restore') {
      const { run = '', point } = told.result as RestoreReport
      const { rolledBack } = books.state(VM)
      if (point.kind !== 'safety' || !rolledBack.has(run)) return `${run} undid a restore, and put no disk back`
    }
    if (procedure === 'hold-for-backup') {
      const { id } = told.result as RestorePoint
      if (helper.holds.some((hold) => hold.id === id && keepsOthersOut(hold)))
        return `${id} is let go, and holds the guest`
    }
    if (procedure === 'prune') {
      const names = books.state(VM).snapshots.map(({ snapshot }) => snapshot.name)
      for (const { id, snapshot, removal } of (told.result as PruneReport).points) {
        if (removal === undefined || removedByPeople.has(snapshot)) continue
        const isKept = removal.outcome === 'kept'
        const inBoth = names.includes(snapshot) && host.catalog.points.has(id)
        const inNone = !names.includes(snapshot) && !host.catalog.points.has(id)
        if (isKept ? !inBoth : !inNone) return `${snapshot} is ${removal.outcome}, says prune`
      }
    }
    return undefined
  },
})

/** By its code, or as half restored, which is worse than what else is open, and names all of it. */
function tellsWhatIsOpen({ code, details: { open } }: StillshotError): boolean {
  return code === 'undo-failed' || (code === 'half-restored' && Array.isArray(open) && open.length > 0)
}
