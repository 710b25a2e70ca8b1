import type { VmDisk } from '../hypervisor/hypervisor.ts'
import type { CoveredDisk } from './covered-disk.ts'
import type { ProbeAnswer } from './protocol/answers.ts'

/**
 * The volume of a container that a file system of its guest is, or why none is. A container sees the devices of its node, and mounts
 * by its own hand what it likes, so that neither a device nor a place proves anything: what counts is that the configuration has
 * a volume at this place, and that the kernel names this volume as the source of what is mounted there. Where it names none
 * (Ceph, btrfs), the admin maps the place to the volume.
 */
export function coveredVolume(
  target: string,
  fileSystem: ProbeAnswer['fileSystems'][number] | undefined,
  volumes: readonly VmDisk[],
  mapping: Readonly<Record<string, string>>,
): CoveredDisk | string {
  const at = volumes.find(({ mountPoint }) => mountPoint?.path === target)
  if (fileSystem === undefined || at?.mountPoint === undefined) {
    const type = fileSystem?.type ?? 'unknown'
    return `${target} (${type}) is no volume of the container: it is mounted by the guest itself, or by the node past the configuration`
  }
  if (!at.covered) return `${at.id} (${target}) is not in a snapshot: ${at.uncoveredReason ?? 'no reason given'}`
  const covered = { guest: target, disk: at.id }
  if (Object.hasOwn(mapping, target)) {
    if (mapping[target] === at.id) return { ...covered, by: 'mapping' }
    return `${target} is mapped to ${mapping[target]}, and the container has ${at.id} there`
  }
  const { volume } = at.mountPoint
  if (namesVolume(fileSystem.source, volume)) return { ...covered, by: 'volume' }
  return `${target} is mounted from ${fileSystem.source}, which does not name the volume ${volume} of ${at.id}: if it is that volume, map it with \`disks: { ${target}: ${at.id} }\``
}

/** A dataset of ZFS ends with the volume's name, a volume of LVM is `group-volume` with each dash of a name doubled. */
function namesVolume(source: string, volume: string): boolean {
  if (volume === '') return false
  const last = source.split('/').at(-1) ?? ''
  if (!source.startsWith('/')) return last === volume
  return source.startsWith('/dev/mapper/') ? last.endsWith(`-${volume.replaceAll('-', '--')}`) : last === volume
}
