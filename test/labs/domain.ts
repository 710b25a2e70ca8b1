import { join } from 'node:path'
import type { Accelerator } from './accelerator.ts'

/** Every domain of the lab starts so; {@link ../clean.ts} touches no other. */
export const DOMAIN_PREFIX = 'stillshot-lab-'

export interface DomainSpec {
  /** Without the prefix. */
  readonly name: string
  readonly uuid: string
  readonly accelerator: Accelerator
  readonly imageFolder: string
  readonly rootDisk: string
  readonly dataDisk: string
  readonly consoleLog: string
  /** Port of 127.0.0.1 that leads to the guest's sshd. */
  readonly sshPort: number
  /** Whether the guest is to run as root whatever libvirt's own setting is: its files belong to root. */
  readonly asRoot: boolean
}

/**
 * As long as virtio lets them be, and the beginning of what vSphere makes of a disk's UUID: each of the hypervisors that
 * the labs have can show the guest's own serials.
 */
export const DISK_SERIALS = { vda: '6000c29000000000000a', vdb: '6000c29000000000000b' } as const

/** What makes a guest boot fast under emulation; none of it changes what stillshot sees. */
const KERNEL_ARGUMENTS = [
  'root=/dev/vda rw console=ttyS0 quiet loglevel=4 net.ifnames=0 mitigations=off nokaslr audit=0 apparmor=0 selinux=0',
  'random.trust_cpu=on no_timer_check rcupdate.rcu_expedited=1 nowatchdog fsck.mode=skip',
].join(' ')

/**
 * A libvirt domain for the lab's image. The network is QEMU's own user network, given as QEMU arguments because libvirt
 * has no forwarded ports for it; the disks are ordinary libvirt disks.
 */
export function domainXml(spec: DomainSpec): string {
  const kvm = spec.accelerator === 'kvm'
  return `<domain type='${kvm ? 'kvm' : 'qemu'}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  ${nameElement(spec.name)}
  <uuid>${spec.uuid}</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${join(spec.imageFolder, 'vmlinuz')}</kernel>
    <initrd>${join(spec.imageFolder, 'initrd')}</initrd>
    <cmdline>${KERNEL_ARGUMENTS}</cmdline>
  </os>
  <features><acpi/>${kvm ? '' : "<tcg><tb-cache unit='MiB'>256</tb-cache></tcg>"}</features>
  <cpu mode='${kvm ? 'host-passthrough' : 'maximum'}'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${diskXml('vda', spec.rootDisk, DISK_SERIALS.vda)}
    ${diskXml('vdb', spec.dataDisk, DISK_SERIALS.vdb)}
    <serial type='file'><source path='${spec.consoleLog}' append='on'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
  ${spec.asRoot ? "<seclabel type='static' model='dac' relabel='no'><label>+0:+0</label></seclabel>" : ''}
  <qemu:commandline>
    <qemu:arg value='-netdev'/>
    <qemu:arg value='user,id=${NETWORK},hostfwd=tcp:127.0.0.1:${spec.sshPort}-:22'/>
    <qemu:arg value='-device'/>
    <qemu:arg value='virtio-net-pci,id=${NETWORK_CARD},netdev=${NETWORK},mac=${NETWORK_CARD_MAC},romfile=,addr=0x10'/>
  </qemu:commandline>
</domain>
`
}

/** The element with libvirt's name of a guest. */
export function nameElement(name: string): string {
  return `<name>${DOMAIN_PREFIX}${name}</name>`
}

const NETWORK = 'labnet'

/** QEMU's name of the guest's network card, for `set_link`. */
export const NETWORK_CARD = 'labcard'
export const NETWORK_CARD_MAC = '52:54:00:12:34:57'

function diskXml(target: string, file: string, serial: string): string {
  return `<disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='${file}'/>
      <target dev='${target}' bus='virtio'/>
      <serial>${serial}</serial>
    </disk>`
}
