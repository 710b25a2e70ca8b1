import type { DomainDisk } from './domain-xml.ts'

export interface Coverage {
  readonly covered: boolean
  readonly uncoveredReason?: string
}

/** Formats that an overlay can stand on and a merge can write into. */
const FORMATS = ['qcow2', 'raw']

/** Whether an external snapshot contains the disk; where not, why, and the way out. */
export function coverageOf(disk: DomainDisk): Coverage {
  const reason = reasonAgainst(disk)
  return reason === undefined ? { covered: true } : { covered: false, uncoveredReason: reason }
}

/** The disk is out by somebody's own decision and harmless, so it does not refuse the snapshot of the others. */
export function isOutByChoice(disk: DomainDisk): boolean {
  return disk.readOnly || disk.snapshot === 'no' || disk.device === 'cdrom' || disk.device === 'floppy'
}

function reasonAgainst(disk: DomainDisk): string | undefined {
  if (disk.readOnly) return 'is read-only: what never changes needs no snapshot'
  if (disk.snapshot === 'no') return "is taken out by snapshot='no' in the VM's definition: remove that attribute"
  if (disk.device === 'lun') return 'is a LUN of the host, passed through: use device="disk" on an image instead'
  if (disk.type !== 'file' && disk.type !== 'block') {
    return `is a ${disk.type} disk, which no local overlay can stand on: move it into a qcow2 image on this host`
  }
  if (disk.image === undefined) return 'has no image'
  if (disk.transient) return 'is transient, so its changes are dropped at power off: remove <transient/>'
  if (disk.shareable) return 'is shareable with other VMs: remove <shareable/>'
  if (disk.encrypted)
    return 'is encrypted by libvirt, which its overlays would not be: encrypt inside the guest instead'
  if (!FORMATS.includes(disk.format)) {
    return `has the format ${disk.format}: convert it to qcow2 with \`qemu-img convert\``
  }
  return undefined
}
