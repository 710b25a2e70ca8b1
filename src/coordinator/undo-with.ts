import type { RestorePoint } from '../catalog/catalog.ts'
import { dumpEvidence, shellQuoted } from './backup-manifest.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'

/** What puts back from the safety dump that which the restore replaced, and leaves everything else alone. Pure. */
export function undoWith(
  safetyPoint: RestorePoint,
  { databases, users }: Pick<BackupRestorePlan, 'databases' | 'users'>,
): { readonly undoWith?: string } {
  const dumped = dumpEvidence(safetyPoint)?.manifest.server?.databases ?? []
  const names = databases.filter((name) => dumped.includes(name))
  if (names.length === 0) return {}
  const { vm, id } = safetyPoint
  const words = names.map((name) => `--database ${/^[\w.-]+$/.test(name) ? name : shellQuoted(name)}`)
  const command = ['stillshot restore', vm, '--from backup --point', id, ...words, ...(users ? ['--users'] : [])]
  return { undoWith: command.join(' ') }
}
