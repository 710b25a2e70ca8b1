import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'

/** Nothing is called `db-stopped` whose hold had lost its watchdog: that it came back was luck. */
export const watched: MakeInvariant = ({ hosts, guest: { helper } }) => ({
  promise: 'nothing is held without a watchdog',
  onEvent() {
    for (const { catalog } of hosts) {
      for (const { id, grade, vm } of catalog.points.values()) {
        if (grade !== 'db-stopped' || vm !== VM) continue
        const hold = helper.holds.find((candidate) => candidate.id === id)
        if (hold?.watchdog === 'missing' && hold.state !== 'blocked')
          return `${id} is db-stopped, and its watchdog was gone`
      }
    }
    return undefined
  },
})
