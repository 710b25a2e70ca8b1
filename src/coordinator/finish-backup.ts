import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import { gradeEvidence } from '../grade/grade-evidence.ts'
import { formatInstant } from '../system/instant.ts'
import { ulid } from '../system/ulid.ts'
import { asBackedUp, type BackupFacts } from './backup-job.ts'
import type { Ports, VmSettings } from './ports.ts'
import { proveBackupTime } from './prove-backup-time.ts'
import { overBudget } from './snapshot-steps.ts'
import type { BackedUpEvidence, HostTimes } from './unfinished-backup.ts'
import { unheldProofs } from './unheld-proofs.ts'

/** What the job says when its archive is whole. */
export interface FinishedBackup {
  /** The archive as the hypervisor names it; undefined when the job did not tell. */
  readonly archive?: string
  readonly times: HostTimes
}

/**
 * Gives the point of a backup the grade that its evidence proves, now that the archive is whole. Idempotent. Rejects with
 * `point-not-found` when there is no such backup of this VM.
 */
export async function finishBackup(
  { catalog }: Pick<Ports, 'catalog'>,
  settings: VmSettings,
  id: string,
  { archive, times }: FinishedBackup,
): Promise<RestorePoint> {
  const point = await needBackup({ catalog }, settings, id)
  const evidence = point.evidence as BackedUpEvidence
  if (evidence.backup.state === 'done') return point
  const proofs = [...evidence.proofs, proveBackupTime(times)]
  const { grade, reasons } = gradeEvidence(proofs)
  const late = point.outage === undefined ? [] : overBudget(settings, point.outage.totalMs)
  const finished: RestorePoint = {
    ...point,
    snapshot: archive ?? point.snapshot,
    grade,
    reasons: [...reasons, ...late],
    evidence: { ...evidence, proofs, backup: { ...evidence.backup, state: 'done', times } },
  }
  await catalog.savePoint(finished)
  return finished
}

/** Forgets the point of a backup that came to nothing. Idempotent; one that was finished before stays. */
export async function dropBackup(
  { catalog }: Pick<Ports, 'catalog'>,
  settings: VmSettings,
  id: string,
): Promise<'dropped' | 'kept'> {
  const point = await catalog.point(id)
  if (point === undefined) return 'dropped'
  const { backup } = (await needBackup({ catalog }, settings, id)).evidence as BackedUpEvidence
  if (backup.state === 'done') return 'kept'
  await catalog.removePoint(point.id)
  return 'dropped'
}

/** The restore point of a backup that went on without a hold: what a power cut leaves at best, and said aloud. */
export async function recordUnheldBackup(
  ports: Ports,
  settings: VmSettings,
  { facts, archive, signal }: { facts: BackupFacts; archive: string; signal: AbortSignal },
): Promise<RestorePoint> {
  const { clock, randomness } = ports.system
  const vm = asBackedUp(await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 }), facts)
  const id = ulid(clock, randomness)
  const proofs = unheldProofs(vm, 'backed up by the hypervisor itself')
  const point: RestorePoint = {
    ...{ version: 1, id, run: id, vm: settings.name, vmKey: vmKey(vm), hypervisor: vm.hypervisor },
    ...{ snapshot: archive, createdAt: formatInstant(clock.now()), kind: 'backup', mode: 'none' },
    ...gradeEvidence(proofs),
    evidence: { version: 1, proofs, backup: { state: 'done' } },
  }
  ports.log.error('a backup was made without a hold', { vm: settings.name, archive, grade: point.grade })
  await ports.catalog.savePoint(point)
  return point
}

async function needBackup(
  { catalog }: Pick<Ports, 'catalog'>,
  { name }: VmSettings,
  id: string,
): Promise<RestorePoint> {
  const point = await catalog.point(id)
  if (point?.kind === 'backup' && point.vm === name && point.id === id) return point
  throw new StillshotError('point-not-found', `there is no backup ${id} of ${name}`)
}
