import type { RestorePoint } from '../../../src/catalog/catalog.ts'
import { onlyWhenChanged } from '../counted-map.ts'
import type { MakeInvariant } from '../invariant.ts'

/** A backup is worth something only when its archive is whole; and its hold ends neither before its point in time nor with its archive. */
export const trueBackups: MakeInvariant = ({ hosts, backups }) => ({
  promise: 'a backup counts when it is whole',
  onEvent: onlyWhenChanged(
    hosts.map(({ catalog }) => catalog.points),
    () => {
      for (const { catalog } of hosts) {
        for (const { kind, grade, snapshot } of catalog.points.values()) {
          if (kind === 'backup' && grade !== 'suspect' && !backups.archives.has(snapshot))
            return `${snapshot} is ${grade}, and no whole archive`
        }
      }
      return undefined
    },
  ),
  onTold({ procedure, host, told }) {
    if (told.how !== 'done') return undefined
    if (procedure === 'hold-for-backup') {
      const { id } = told.result as RestorePoint
      const job = backups.jobs.find(({ heldBy }) => heldBy === id)
      if (job?.hasStarted !== true) return `${id} was let go before the backup had started`
    }
    if (procedure === 'finish-backup') {
      const { id, grade } = told.result as RestorePoint
      const point = host.catalog.points.get(id)
      if (point?.grade !== grade) return `${id} is ${grade}, says its end, and ${point?.grade} in the catalog`
    }
    if (procedure === 'drop-backup' && told.result === 'dropped') {
      const run = backups.jobs.at(-1)?.run ?? ''
      if (host.catalog.points.has(run)) return `${run} was dropped, and is in the catalog`
    }
    return undefined
  },
})
