import { followJob } from '../../../src/cli/hook/job-session.ts'
import { LineReader } from '../../../src/cli/hook/line-reader.ts'
import { dropBackup, finishBackup, recordUnheldBackup } from '../../../src/coordinator/finish-backup.ts'
import { holdForBackup } from '../../../src/coordinator/hold-for-backup.ts'
import type { Procedure } from '../actor.ts'
import type { BackupJob } from '../backup/backup-job.ts'

/** As `hook vzdump backup-start`: one call whose standard input is the job's follower. */
export function holdForBackupProcedure(backup: BackupJob): Procedure {
  return {
    name: 'hold-for-backup',
    run: ({ ports, settings, signal }) => {
      const line = { reader: new LineReader(backup.line), clock: ports.system.clock }
      const told = { disks: backup.disks, storage: 'nas', times: {} }
      const print = (text: string) => backup.hear(text)
      return holdForBackup(ports, settings, followJob(line, told, { signal, print }))
    },
  }
}

/** As `hook vzdump backup-end`. */
export function finishBackupProcedure({ run, archive, times, disks }: BackupJob): Procedure {
  return {
    name: 'finish-backup',
    run: ({ ports, settings, signal }) =>
      run === undefined
        ? recordUnheldBackup(ports, settings, { facts: { disks }, archive, signal })
        : finishBackup(ports, settings, run, { archive, times }),
  }
}

/** As `hook vzdump backup-abort`. */
export function dropBackupProcedure(run: string): Procedure {
  return { name: 'drop-backup', run: ({ ports, settings }) => dropBackup(ports, settings, run) }
}
