import { NETWORK_CARD_MAC } from '../domain.ts'
import { type LabStandIn, type LabStandInOptions, openStandInBefore } from '../proxmox/lab-stand-in.ts'
import type { NativeGuest } from './native-guest.ts'
import { NativeMachine } from './native-machine.ts'

const SIZES = { vda: '2G', vdb: '512M' }

/** A stand-in of Proxmox VE before a native guest: a VM, or where the guest looks so, a container. */
export async function containerOnProxmox(
  guest: NativeGuest,
  options: LabStandInOptions = {},
): Promise<LabStandIn & { readonly machine: NativeMachine }> {
  const { vmid = 100 } = options
  const isContainer = guest.spec.looks === 'container'
  const machine = new NativeMachine(guest, isContainer ? ['rootfs', 'mp0'] : ['virtio0', 'virtio1'])
  const config = isContainer ? lxcConfig(guest, vmid) : vmConfig(guest, vmid)
  const behind = { kind: isContainer ? 'lxc' : 'qemu', config, machine, folder: guest.folder } as const
  return { ...(await openStandInBefore(behind, options)), machine }
}

function vmConfig({ name, uuid, spec: { serials } }: NativeGuest, vmid: number) {
  const disk = (number: number, serial: string, size: string) =>
    `local:${vmid}/vm-${vmid}-disk-${number}.qcow2,serial=${serial},size=${size}`
  return {
    ...{ name, cores: 2, memory: '512', ostype: 'l26', agent: '1', boot: 'order=virtio0', smbios1: `uuid=${uuid}` },
    net0: `virtio=${NETWORK_CARD_MAC.toUpperCase()},bridge=vmbr0`,
    virtio0: disk(0, serials.vda, SIZES.vda),
    virtio1: disk(1, serials.vdb, SIZES.vdb),
  }
}

function lxcConfig({ name }: NativeGuest, vmid: number) {
  return {
    ...{ arch: 'amd64', cores: 2, memory: 512, swap: 0, ostype: 'debian', hostname: name },
    net0: `name=eth0,bridge=vmbr0,hwaddr=${NETWORK_CARD_MAC.toUpperCase()},type=veth`,
    rootfs: `local:${vmid}/vm-${vmid}-disk-0.raw,size=${SIZES.vda}`,
    mp0: `local:${vmid}/vm-${vmid}-disk-1.raw,mp=/srv/data,size=${SIZES.vdb}`,
  }
}
