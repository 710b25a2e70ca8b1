import type { RestorePoint } from '../catalog/catalog.ts'
import { dumpEvidence, shellQuoted } from './backup-manifest.ts'
import type { BackupRestorePlan } from './plan-backup-restore.ts'

/** What puts back from the safety copy that which the restore replaced, and leaves everything else alone. Pure. */
export function undoWith(
  safetyPoint: RestorePoint,
  { databases, users, archives, over }: BackupRestorePlan,
): { readonly undoWith?: string } {
  const manifest = dumpEvidence(safetyPoint)?.manifest
  const dumped = manifest?.server?.databases ?? []
  const names = databases.filter((name) => dumped.includes(name))
  const copied = over ? archives.filter(({ part }) => manifest?.streams.some((stream) => stream.part === part)) : []
  if (names.length === 0 && copied.length === 0) return {}
  const { vm, id } = safetyPoint
  const parts = [...(names.length > 0 ? ['databases'] : []), ...copied.map(({ part }) => part)]
  const command = [
    ...['stillshot restore', vm, '--from backup --point', id],
    ...(copied.length > 0 ? [`--only ${parts.join(',')}`] : []),
    ...names.map((name) => `--database ${/^[\w.-]+$/.test(name) ? name : shellQuoted(name)}`),
    ...(users ? ['--users'] : []),
    ...(copied.length > 0 ? ['--over'] : []),
  ]
  return { undoWith: command.join(' ') }
}
