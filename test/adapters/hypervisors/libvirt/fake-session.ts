import type { LibvirtHost } from '../../../../adapters/hypervisors/libvirt/host.ts'
import type { Request, VirshSession } from '../../../../adapters/hypervisors/libvirt/virsh-session.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'

export const VM: Vm = { hypervisor: 'kvm', nativeId: 'u1', name: 'db1', uuid: 'u1', power: 'off', macs: [], disks: [] }

/** A host whose virsh is `answer`, which throws what a command fails with. `sent` holds every command, as one text. */
export function fakeHost(answer: (command: string, request: Request) => string) {
  const sent: string[] = []
  const run = async (commands: readonly (readonly string[])[], request: Request): Promise<readonly string[]> => {
    return commands.map((words) => {
      sent.push(words.join(' '))
      return answer(words.join(' '), request)
    })
  }
  const session = { run, close: () => {} } as unknown as VirshSession
  const host: LibvirtHost = { name: 'kvm', uri: 'qemu:///system', session, local: true, overlayFolder: '/images' }
  return { host, sent }
}

/** A domain with one qcow2 disk, `vda`, on these images, the active one first. `elements` go into the disk. */
export function domainXml(images: readonly string[], { format = 'qcow2', elements = '' } = {}): string {
  const [active = '', ...rest] = images
  const backing = rest.reduceRight(
    (inner, image) =>
      `<backingStore type='file'><format type='qcow2'/><source file='${image}'/>${inner}</backingStore>`,
    '',
  )
  return `<domain><name>db1</name><uuid>u1</uuid><devices><disk type='file' device='disk'><driver type='${format}'/>
    <source file='${active}'/>${backing}<target dev='vda' bus='virtio'/>${elements}</disk></devices></domain>`
}

/** A snapshot that froze the image of `vda`. */
export function snapshotXml(name: string, frozen: string, format = 'qcow2'): string {
  const disks = `<disks><disk name='vda' snapshot='external'/></disks>`
  return `<domainsnapshot><name>${name}</name><creationTime>1</creationTime>${disks}${domainXml([frozen], { format })}</domainsnapshot>`
}
