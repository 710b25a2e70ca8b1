import { isSettled } from '../../../src/saga/journal-event.ts'
import { keepsOthersOut } from '../guest/guest-hold.ts'
import type { MakeInvariant } from '../invariant.ts'
import { STATE } from '../world.ts'
import { eventsOf } from './written-before.ts'

/** What a crash left is settled in the end: no run, lock or hold stays open. */
export const settled: MakeInvariant = ({ hosts, guest }) => ({
  promise: 'recover settles what a crash left',
  async atEnd() {
    const { helper } = guest
    // What needs the server, such as the end of a drain, waits for it, and is told each time.
    if (guest.isHeldByNobody && !guest.server.running) return undefined
    for (const { name, files, catalog } of hosts) {
      for (const journal of await files.list(`${STATE}/runs`)) {
        const content = files.content(`${STATE}/runs/${journal}`)
        if (isSettled(eventsOf(content, 'run-ended'))) continue
        // Without one whole line its run had not begun to act.
        const events = content.includes('\n') ? eventsOf(content) : []
        if (events.length > 0) return `${journal} on ${name} is open: ${JSON.stringify(events.at(-1))}`
      }
      const [lock] = catalog.locks.values()
      if (lock !== undefined) return `run ${lock.run} (${lock.procedure}) still has a lock`
      const hold = [...catalog.holds.values()].find(({ state }) => state === 'held')
      if (hold !== undefined) return `hold ${hold.id} is open in the catalog`
    }
    // One whose watchdog is gone is not tried on by anybody: that its start failed was told.
    const hold = helper.holds.find((candidate) => keepsOthersOut(candidate) && candidate.watchdog !== 'missing')
    return hold === undefined ? undefined : `hold ${hold.id} is ${hold.state} in the guest`
  },
})
