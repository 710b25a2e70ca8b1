import type { Proof } from '../grade/proof.ts'
import type { VmDisk } from '../hypervisor/hypervisor.ts'
import type { CoveredDisk } from './covered-disk.ts'
import { coveredVolume } from './covered-volume.ts'
import type { GuestDisk, ProbeAnswer } from './protocol/answers.ts'

export interface Coverage {
  readonly proof: Proof
  readonly disks: readonly CoveredDisk[]
}

/** What the helper writes for a directory that it could not follow or ask for. */
const UNKNOWN_MOUNT = '?'

/**
 * Claim `covered`: every block device under every directory of the server is a disk of the VM that its snapshots contain.
 * Disks are matched by the admin's mapping, serial, by-id name, or bus and unit; a size that differs refutes a match.
 */
export function proveCoverage(
  probe: Pick<ProbeAnswer, 'dbms' | 'fileSystems'>,
  vmDisks: readonly VmDisk[],
  mapping: Readonly<Record<string, string>>,
): Coverage {
  const problems: string[] = []
  const disks = new Map<string, CoveredDisk>()
  const directories = probe.dbms?.directories ?? []
  if (directories.length === 0) problems.push('the directories of the server are not known')
  for (const { role, path } of directories.filter(({ mount }) => mount === UNKNOWN_MOUNT)) {
    problems.push(`it is not known where this lies: ${role} ${path}`)
  }
  const mounts = new Set(directories.map(({ mount }) => mount).filter((mount) => mount !== UNKNOWN_MOUNT))
  const inContainer = vmDisks.some(({ mountPoint }) => mountPoint !== undefined)
  for (const target of mounts) {
    const fileSystem = probe.fileSystems.find((candidate) => candidate.target === target)
    if (inContainer) {
      const found = coveredVolume(target, fileSystem, vmDisks, mapping)
      if (typeof found === 'string') problems.push(found)
      else disks.set(target, found)
      continue
    }
    if (fileSystem === undefined || fileSystem.unresolved !== null || fileSystem.disks.length === 0) {
      const layer = fileSystem?.unresolved ?? 'no disk found'
      problems.push(`${target} (${fileSystem?.type ?? 'unknown'}) cannot be followed down to disks: ${layer}`)
      continue
    }
    for (const guest of fileSystem.disks) {
      const found = match(guest, vmDisks, mapping)
      if (found === undefined) {
        problems.push(
          `/dev/${guest.name} under ${target} is none of the VM's disks that can be told apart: map it with \`disks: { /dev/${guest.name}: DISK }\``,
        )
      } else if (!found.disk.covered) {
        problems.push(
          `${found.disk.id} (/dev/${guest.name}, ${target}) is not in a snapshot: ${found.disk.uncoveredReason ?? 'no reason given'}`,
        )
      } else {
        disks.set(guest.name, { guest: guest.name, disk: found.disk.id, by: found.by })
      }
    }
  }
  return { proof: verdict(problems, [...disks.values()]), disks: [...disks.values()] }
}

/** A snapshot that came out with fewer disks than its VM had covers less. */
export function withSnapshotDisks(coverage: Coverage, snapshotDisks: readonly string[]): Proof {
  const missing = coverage.disks.filter(({ disk }) => !snapshotDisks.includes(disk))
  if (coverage.proof.verdict !== 'proven' || missing.length === 0) return coverage.proof
  const names = missing.map(({ disk, guest }) => `${disk} (${placeOf(guest)})`).join(', ')
  return {
    claim: 'covered',
    verdict: 'contradicted',
    code: 'disk-not-in-snapshot',
    message: `the snapshot lacks ${names}`,
  }
}

function placeOf(guest: string): string {
  return guest.startsWith('/') ? guest : `/dev/${guest}`
}

function verdict(problems: readonly string[], disks: readonly CoveredDisk[]): Proof {
  if (problems.length > 0) {
    return { claim: 'covered', verdict: 'contradicted', code: 'not-covered', message: problems.join('; ') }
  }
  const list = disks.map(({ guest, disk, by }) => `${placeOf(guest)} is ${disk} by ${by}`).join(', ')
  return { claim: 'covered', verdict: 'proven', code: 'all-disks-found', message: list }
}

type Match = { readonly disk: VmDisk; readonly by: CoveredDisk['by'] }

function match(
  guest: GuestDisk,
  vmDisks: readonly VmDisk[],
  mapping: Readonly<Record<string, string>>,
): Match | undefined {
  const sized = vmDisks.filter(({ sizeBytes }) => sizeBytes === guest.sizeBytes)
  const mapped = [`/dev/${guest.name}`, guest.name].find((name) => Object.hasOwn(mapping, name))
  if (mapped !== undefined) return only('mapping', sized, ({ id }) => id === mapping[mapped])
  return (
    only('serial', sized, (disk) => sameSerial(disk.serial, guest.serial)) ??
    only(
      'by-id',
      sized,
      (disk) => disk.serial !== undefined && guest.byId.some((name) => name.endsWith(`_${disk.serial}`)),
    ) ??
    only(
      'bus-and-unit',
      sized,
      (disk) =>
        guest.unit !== null &&
        disk.unit === guest.unit &&
        disk.bus === guest.bus &&
        !serialsDiffer(disk.serial, guest.serial),
    )
  )
}

function only(by: CoveredDisk['by'], disks: readonly VmDisk[], fits: (disk: VmDisk) => boolean): Match | undefined {
  const fitting = disks.filter(fits)
  return fitting.length === 1 && fitting[0] !== undefined ? { disk: fitting[0], by } : undefined
}

/** A disk of another serial is another disk: a LUN that the guest reaches over the network may have the same place and size. */
function serialsDiffer(full: string | undefined, seen: string | null): boolean {
  return full !== undefined && full !== '' && seen !== null && seen !== '' && !sameSerial(full, seen)
}

/** virtio-blk hands the guest the first 20 bytes of a serial (linux/virtio_blk.h, VIRTIO_BLK_ID_BYTES). */
function sameSerial(full: string | undefined, seen: string | null): boolean {
  if (full === undefined || full === '' || seen === null || seen === '') return false
  return full === seen || (seen.length === 20 && full.startsWith(seen))
}
