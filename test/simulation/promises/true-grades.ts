import type { Evidence } from '../../../src/coordinator/evidence.ts'
import { expectedMarker } from '../../../src/coordinator/expected-marker.ts'
import { gradeToTrust, readDescription } from '../../../src/grade/description.ts'
import type { FenceAnswer } from '../../../src/guest/protocol/answers.ts'
import { idOfSnapshotName } from '../../../src/hypervisor/snapshot-name.ts'
import { onlyWhenChanged } from '../counted-map.ts'
import type { MakeInvariant } from '../invariant.ts'
import { truthKey } from '../truth.ts'
import { VM } from '../world.ts'
import { descriptionKeys } from './description-keys.ts'

/**
 * Promise 2: nothing is called `db-stopped` whose disks were not those of a server that had ended cleanly, and nothing
 * `fs-frozen` whose guest was not frozen.
 */
export const trueGrades: MakeInvariant = ({ hosts, books, truths }) => ({
  promise: 'no false grade',
  onEvent: onlyWhenChanged([truths, ...hosts.map(({ catalog }) => catalog.points)], () => {
    for (const { catalog } of hosts) {
      for (const point of catalog.points.values()) {
        const { grade, snapshot } = point
        if (grade === 'fs-frozen' && truths.get(truthKey(point))?.frozen !== true) return `${snapshot} is not fs-frozen`
        if (grade !== 'db-stopped') continue
        const truth = truths.get(truthKey(point))
        const marker = expectedMarker(point)
        if (truth?.stoppedAndSynced !== true || (truth.hold ?? marker) !== marker)
          return `${snapshot} is not db-stopped`
        const { hold, release, fence = release } = point.evidence as Evidence & { readonly fence?: FenceAnswer }
        if (hold.sha256 !== fence.sha256) return `${snapshot} is db-stopped by the word of two helpers`
      }
    }
    return undefined
  }),
  async atEnd() {
    const keys = descriptionKeys(hosts)
    for (const { snapshot } of books.state(VM).snapshots) {
      // One that is, or does not say that it is, breaks nothing: no signature need be made up for it.
      if (truths.get(snapshot.name)?.stoppedAndSynced === true || !snapshot.description.includes('db-stopped')) continue
      const said = keys.map((key) =>
        gradeToTrust(readDescription(snapshot.description, key), idOfSnapshotName(snapshot.name)),
      )
      if (said.includes('db-stopped')) return `${snapshot.name} describes itself as db-stopped`
    }
    return undefined
  },
})
