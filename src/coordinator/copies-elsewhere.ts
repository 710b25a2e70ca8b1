import type { RestorePoint } from '../catalog/catalog.ts'
import type { Finding } from '../finding.ts'
import type { RepositoryPlace } from '../repository/place.ts'
import type { StorageVerdict } from '../system/storage.ts'
import { dumpEvidence } from './backup-manifest.ts'

/**
 * A snapshot shares the storage of the machine that it secures. A dump counts where it was seen to lie with a third machine, and not
 * on the share that the VM lies on too, and is worth something. What somebody else's job made lies where he put it, which is not looked at here. Pure.
 */
export function hasCopyElsewhere(points: readonly Pick<RestorePoint, 'kind' | 'evidence' | 'grade'>[]): boolean {
  return points.some((point) => point.kind === 'backup' || isDumpElsewhere(point))
}

function isDumpElsewhere(point: Pick<RestorePoint, 'kind' | 'evidence' | 'grade'>): boolean {
  const manifest = dumpEvidence(point)?.manifest
  if (manifest === undefined || point.grade === 'suspect') return false
  const { host, storage } = manifest.place ?? {}
  return host === 'other' && storage !== 'same' && manifest.streams.some(({ content }) => content === 'sql')
}

/** A fault of what is there, not of the next run: it warns. */
export function copyFinding(vm: string, points: readonly RestorePoint[]): Finding {
  if (hasCopyElsewhere(points)) {
    const message = 'there is a copy on another machine than the one that it secures'
    return { severity: 'ok', code: 'copy-elsewhere', message, hint: '' }
  }
  const what =
    points.length === 0 ? `${vm} has no restore point` : `no good restore point of ${vm} is known to lie elsewhere`
  const message = `${what}: nothing is left of it when that storage is`
  const hint = `name a repository on another machine and run \`stillshot backup ${vm}\``
  return { severity: 'warn', code: 'no-copy-elsewhere', message, hint }
}

/** Whether a repository lies where the guest, or the VM, lies. What cannot be seen is said to be unknown, never to be good. Pure. */
export function placeFinding(
  name: string,
  { host, source }: RepositoryPlace,
  { verdict, reason }: StorageVerdict,
): Finding {
  if (host === 'guest') {
    const message = `repository ${name} is a share of the guest itself: ${source}`
    const hint = 'a backup that stays on the machine that it secures is none: use another one'
    return { severity: 'refuse', code: 'repository-on-guest', message, hint, error: 'repository-unusable' }
  }
  if (verdict === 'same') {
    const message = `repository ${name} lies on the storage of the VM: ${reason}`
    const hint = 'what takes one of them takes both: use a repository on another storage, best of another machine'
    return { severity: 'refuse', code: 'repository-on-datastore', message, hint, error: 'repository-unusable' }
  }
  if (host === 'other' && verdict === 'other') {
    const message = `repository ${name} is a share of another machine: ${source}; ${reason}`
    return { severity: 'ok', code: 'repository-elsewhere', message, hint: '' }
  }
  if (verdict === 'other') {
    const message = `repository ${name} (${source}) is on other disks than the VM, and of no third machine: ${reason}`
    const hint = 'it goes when that machine does: keep a copy on another one too'
    return { severity: 'warn', code: 'repository-on-own-machine', message, hint }
  }
  const message = `whether repository ${name} (${source}) lies on the same storage as the VM is unknown: ${reason}`
  const hint = 'see to it that it does not: a disk of the hypervisor that keeps the VM goes with the VM'
  return { severity: 'warn', code: 'repository-place-unknown', message, hint }
}
