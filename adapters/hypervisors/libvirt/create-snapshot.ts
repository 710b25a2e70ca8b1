import type { Snapshot, SnapshotRequest, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { coverageOf } from './coverage.ts'
import type { DomainDisk } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { overlayNames } from './image-names.ts'
import { publicSnapshot } from './list-snapshots.ts'
import { readSnapshot } from './snapshot-xml.ts'

/**
 * One external, disk-only, atomic snapshot of all covered disks; one round trip. `disks` may be a little old: an
 * overlay's name need only be free, and what it stands on is libvirt's own choice at the point in time.
 */
export async function createSnapshot(
  host: LibvirtHost,
  vm: Vm,
  disks: readonly DomainDisk[],
  request: SnapshotRequest,
  options: CallOptions = {},
): Promise<Snapshot> {
  const covered = disks.filter((disk) => coverageOf(disk).covered)
  const images = new Map(covered.flatMap((disk) => (disk.image === undefined ? [] : [[disk.target, disk.image]])))
  const overlays = overlayNames(images, request.name, host.overlayFolder)
  const specifications = disks.map((disk) => {
    const overlay = overlays.get(disk.target)
    return overlay === undefined
      ? `${disk.target},snapshot=no`
      : `${disk.target},snapshot=external,driver=qcow2,file=${overlay.replaceAll(',', ',,')}`
  })
  const create = ['snapshot-create-as', vm.nativeId, '--name', request.name, '--disk-only', '--atomic']
  // libvirt takes no snapshot at all when the agent does not freeze.
  if (request.quiesce) create.push('--quiesce')
  if (request.description !== '') create.push('--description', request.description)
  for (const specification of specifications) create.push('--diskspec', specification)
  const [, xml = ''] = await host.session.run([create, ['snapshot-dumpxml', vm.nativeId, request.name]], {
    ...options,
    doing: `take snapshot ${request.name} of ${vm.name}`,
    change: true,
  })
  return { ...publicSnapshot(readSnapshot(xml)), ...(request.quiesce ? { quiesced: true } : {}) }
}
