import { gradeToTrust, readDescription } from '../../../src/grade/description.ts'
import { idOfSnapshotName } from '../../../src/hypervisor/snapshot-name.ts'
import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'
import { descriptionKeys } from './description-keys.ts'

/** Promise 2: nothing is called `db-stopped` whose disks were not those of a server that had ended cleanly. */
export const trueGrades: MakeInvariant = ({ hosts, books, truths }) => ({
  promise: 'no false grade',
  onEvent() {
    for (const { catalog } of hosts) {
      for (const { grade, snapshot } of catalog.points.values()) {
        if (grade === 'db-stopped' && truths.get(snapshot)?.stoppedAndSynced !== true)
          return `${snapshot} is not db-stopped`
      }
    }
    return undefined
  },
  async atEnd() {
    const keys = descriptionKeys(hosts)
    for (const { snapshot } of books.state(VM).snapshots) {
      const said = keys.map((key) =>
        gradeToTrust(readDescription(snapshot.description, key), idOfSnapshotName(snapshot.name)),
      )
      if (said.includes('db-stopped') && truths.get(snapshot.name)?.stoppedAndSynced !== true) {
        return `${snapshot.name} describes itself as db-stopped`
      }
    }
    return undefined
  },
})
