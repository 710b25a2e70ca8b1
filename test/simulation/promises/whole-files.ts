import type { BackupRestoreReport } from '../../../src/coordinator/restore-backup.ts'
import type { MakeInvariant } from '../invariant.ts'

/**
 * A restore of files that says that it is done has written those of the backup; one that failed has left those of before, or says
 * that a person must look; in the end no files are of two moments.
 */
export const wholeFiles: MakeInvariant = ({ guest: { machine, helper }, repository }) => {
  const { ended } = helper.restores.files
  return {
    promise: 'files are of one moment',
    onTold({ procedure, told }) {
      if (procedure !== 'restore-over' || told.how === 'died') return undefined
      if (told.how === 'done') {
        const { point } = told.result as BackupRestoreReport
        const wanted = repository.filesOf(point.id)
        const last = [...ended.values()].findLast(({ way }) => way === 'forward')?.files ?? machine.disk.files
        const isThere = [last, machine.disk.files].some((files) => files.every((content) => content === wanted))
        return isThere ? undefined : `restored ${point.id} with '${wanted}', and the files hold '${last.join("', '")}'`
      }
      const run = String(told.error.details.run)
      const isOpen = machine.disk.over[run] !== undefined && machine.isUp
      if (isOpen && ['load-failed', 'cancelled', 'hold-expired', 'preflight-refused'].includes(told.error.code))
        return `it failed with ${told.error.code}, and its files are still half written`
      const end = ended.get(run)
      return end?.way === 'back' && end.files.join() !== end.old?.join()
        ? `${run} put back '${end.files.join("', '")}', and there was '${end.old?.join("', '")}'`
        : undefined
    },
    async atEnd() {
      const { over, files } = machine.disk
      // A roll back may bring back the mark of a run that has ended since: nobody waits for it.
      const open = Object.keys(over).filter((run) => !ended.has(run))
      if (open.length > 0) return `the files of ${open.join(', ')} are half written`
      return files[0] === files[1] || Object.keys(over).length > 0
        ? undefined
        : `the files hold '${files.join("', '")}'`
    },
  }
}
