import { onlyWhenChanged } from '../counted-map.ts'
import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'

/** Nothing is called `db-stopped` whose hold had lost its watchdog: that it came back was luck. */
export const watched: MakeInvariant = ({ hosts, guest: { helper } }) => {
  let ids: readonly string[] = []
  const lookAtPoints = onlyWhenChanged(
    hosts.map(({ catalog }) => catalog.points),
    () => {
      const points = hosts.flatMap(({ catalog }) => [...catalog.points.values()])
      ids = points.filter(({ grade, vm }) => grade === 'db-stopped' && vm === VM).map(({ id }) => id)
    },
  )
  return {
    promise: 'nothing is held without a watchdog',
    onEvent() {
      lookAtPoints()
      for (const { id, watchdog, state } of helper.holds) {
        if (watchdog === 'missing' && state !== 'blocked' && ids.includes(id))
          return `${id} is db-stopped, and its watchdog was gone`
      }
      return undefined
    },
  }
}
