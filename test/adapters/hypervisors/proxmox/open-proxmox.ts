import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProxmoxHypervisor, type ProxmoxOptions } from '../../../../adapters/hypervisors/proxmox/proxmox-hypervisor.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'
import type { HypervisorUnderTest } from '../../../conformance/hypervisor/under-test.ts'
import type { Privilege } from '../../../labs/proxmox/access/privileges.ts'
import type { StoredBackup } from '../../../labs/proxmox/guests/storage.ts'
import { MemoryMachine } from '../../../labs/proxmox/machines/memory-machine.ts'
import { openStandIn, type StandIn, type StandInOptions } from '../../../labs/proxmox/stand-in.ts'
import { QUICK_TIMES } from '../../../labs/proxmox/times.ts'

const TOKEN = 'stillshot@pve!test'
const SECRET = '0f0e0d0c-0000-4000-8000-000000000002'

const GIB = 1024 ** 3

/** What the list tells of VM 100 besides. */
export const FACTS = { tags: ['database', 'gold'], pool: 'production/db', node: 'pve1' }

/** Enough for everything that the port does. */
const PRIVILEGES: readonly Privilege[] = ['VM.Audit', 'VM.Snapshot', 'VM.PowerMgmt']

/** What copies need besides. */
export const CLONING: readonly Privilege[] = [
  ...PRIVILEGES,
  'VM.Clone',
  'VM.Allocate',
  'VM.Config.Network',
  'VM.Config.Memory',
  'VM.Config.Options',
  'VM.GuestAgent.Unrestricted',
]

export interface OpenedProxmox {
  readonly standIn: StandIn
  readonly machine: MemoryMachine
  readonly hypervisor: ProxmoxHypervisor
  readonly vm: Vm
  /** Another adapter on the same cluster. */
  another(options?: Partial<ProxmoxOptions>): ProxmoxHypervisor
  close(): Promise<void>
}

export interface OpenOptions extends StandInOptions {
  readonly privileges?: readonly Privilege[]
  readonly adapter?: Partial<ProxmoxOptions>
  readonly config?: Readonly<Record<string, string | number>>
}

/** A cluster in memory with the VMs 100 (`db1`), and 102 and 103 (`twin`), and an adapter that has a token for it. */
export async function openProxmox(options: OpenOptions = {}): Promise<OpenedProxmox> {
  const { privileges = PRIVILEGES, adapter = {}, config = {}, ...cluster } = options
  const standIn = await openStandIn({
    users: [{ user: 'stillshot@pve', password: 'secret' }],
    tokens: [{ token: TOKEN, secret: SECRET, separated: false }],
    ...cluster,
    times: { ...QUICK_TIMES, ...cluster.times },
  })
  standIn.grant('stillshot@pve', '/vms', ...privileges)
  const machine = new MemoryMachine(['virtio0', 'virtio1'])
  standIn.addGuest({ vmid: 100, machine, config: { ...configOf(100, 'db1'), ...config }, pool: FACTS.pool })
  for (const vmid of [102, 103]) {
    standIn.addGuest({ vmid, machine: new MemoryMachine(['virtio0', 'virtio1']), config: configOf(vmid, 'twin') })
  }
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-proxmox-'))
  const authorityPath = join(folder, 'ca.pem')
  await writeFile(authorityPath, standIn.certificate.ca)
  const opened: ProxmoxHypervisor[] = []
  const another = (more: Partial<ProxmoxOptions> = {}) => {
    const made = new ProxmoxHypervisor({
      name: 'pve',
      addresses: standIn.servers.map(({ url }) => ({ url })),
      authorityPath,
      login: { kind: 'token', token: async () => `${TOKEN}=${SECRET}` },
      clock: new NodeClock(),
      ...more,
    })
    opened.push(made)
    return made
  }
  const close = async () => {
    for (const each of opened) await each.close()
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const hypervisor = another(adapter)
    return { standIn, machine, hypervisor, vm: await hypervisor.findVm('100'), another, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What an archive says of what is in it. The mount point of the container is not marked for backups. */
const ARCHIVED = {
  qemu: '#qmdump#map:virtio0:drive-virtio0:local:qcow2:\n',
  lxc: 'rootfs: pool:subvol-200-disk-0,size=1G\nmp0: pool:subvol-200-disk-1,mp=/var/lib/mysql,size=2G\n',
} as const

/** Container 200, `ct1`, on LVM-thin, with its data directory as a mount point. */
async function addContainer({ standIn, hypervisor }: OpenedProxmox) {
  const machine = new MemoryMachine(['rootfs', 'mp0'])
  const config = {
    hostname: 'ct1',
    tags: FACTS.tags.join(';'),
    memory: 512,
    net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:02:00,ip=dhcp,type=veth',
    rootfs: 'thin:vm-200-disk-0,size=1G',
    mp0: 'thin:vm-200-disk-1,mp=/var/lib/mysql,size=2G',
  }
  standIn.addGuest({ vmid: 200, kind: 'lxc', config, machine, pool: FACTS.pool })
  return { machine, vm: await hypervisor.findVm('200') }
}

/** As the conformance suite wants it: with a VM, or with a container. */
export async function openConforming(kind: 'qemu' | 'lxc' = 'qemu'): Promise<HypervisorUnderTest> {
  const space = { totalBytes: 100 * GIB, usedBytes: 20 * GIB }
  const backups: StoredBackup[] = []
  const storages = [
    { name: 'local', type: 'dir', ...space },
    { name: 'nas', type: 'nfs', backups, ...space },
    { name: 'thin', type: 'lvmthin', ...space },
  ] as const
  const opened = await openProxmox({ storages, privileges: [...CLONING, 'VM.Backup'] })
  const { standIn, hypervisor, close } = opened
  const { machine, vm } = kind === 'qemu' ? opened : await addContainer(opened)
  standIn.grant('stillshot@pve', '/storage', 'Datastore.AllocateSpace')
  standIn.grant('stillshot@pve', '/sdn', 'SDN.Use')
  const machineOf = ({ nativeId }: Vm) => standIn.guest(Number(nativeId)).machine as MemoryMachine
  return {
    hypervisor,
    vm,
    write: async (disk, value) => machine.write(disk, String(value)),
    read: async (disk) => {
      assert.equal(await machine.running(), false)
      return Number(machine.read(disk))
    },
    stop: () => machine.stop(),
    makeAmbiguous: async () => 'twin',
    readClone: async (clone, disk) => Number(machineOf(clone).read(disk)),
    makeBackup: async (begunMs) => {
      const name = `backup/vzdump-${kind}-${vm.nativeId}-${backups.length}.${kind === 'qemu' ? 'vma' : 'tar'}.zst`
      const config = ARCHIVED[kind]
      backups.push({ vmid: Number(vm.nativeId), name, ctime: begunMs / 1000, size: GIB, config })
      return `nas:${name}`
    },
    storage: async () =>
      [...machine.disks]
        .flatMap(([disk, { snapshots }]) => [...snapshots.keys()].map((name) => `${disk}@${name}`))
        .concat([...standIn.cluster.guests.keys()].map((vmid) => `vm-${vmid}`))
        .toSorted(),
    close: async () => {
      await close()
      assert.equal(standIn.guest(Number(vm.nativeId)).config.lock, undefined)
    },
  }
}

function configOf(vmid: number, name: string): Record<string, string | number> {
  return {
    name,
    ...(vmid === 100 ? { tags: FACTS.tags.join(';') } : {}),
    cores: 2,
    memory: '512',
    smbios1: `uuid=5f6dd4d3-9f30-4d3e-8b6e-6a3c0d3f0${vmid}`,
    vmgenid: `b7a0b6a0-0000-4000-8000-000000000${vmid}`,
    net0: 'virtio=BC:24:11:00:01:00,bridge=vmbr0',
    ide2: 'none,media=cdrom',
    virtio0: `local:${vmid}/vm-${vmid}-disk-0.qcow2,serial=first,size=1G`,
    virtio1: `local:${vmid}/vm-${vmid}-disk-1.qcow2,size=2G`,
  }
}

/** Opens one, runs the body, closes it. */
export async function withProxmox(options: OpenOptions, body: (opened: OpenedProxmox) => Promise<void>): Promise<void> {
  const opened = await openProxmox(options)
  try {
    await body(opened)
  } finally {
    await opened.close()
  }
}
