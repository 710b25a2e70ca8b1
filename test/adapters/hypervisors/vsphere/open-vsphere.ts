import assert from 'node:assert/strict'
import { VsphereHypervisor, type VsphereOptions } from '../../../../adapters/hypervisors/vsphere/vsphere-hypervisor.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'
import type { HypervisorUnderTest } from '../../../conformance/hypervisor/under-test.ts'
import { MemoryMachine } from '../../../labs/proxmox/machines/memory-machine.ts'
import type { InGuest } from '../../../labs/vsphere/in-guest.ts'
import type { MachineBehind } from '../../../labs/vsphere/machine-hook.ts'
import { openSimulator, PASSWORD, type Simulator, USERNAME, type VmSpec } from '../../../labs/vsphere/simulator.ts'

const GIB = 1024 ** 3

export interface OpenedVsphere {
  readonly simulator: Simulator
  readonly machine: MemoryMachine
  /** All that stand behind VMs, those of copies among them, by name. */
  readonly machines: ReadonlyMap<string, MachineBehind>
  readonly hypervisor: VsphereHypervisor
  readonly vm: Vm
  /** Another adapter on the same server. */
  another(options?: Partial<VsphereOptions>): VsphereHypervisor
  close(): Promise<void>
}

export interface OpenOptions {
  readonly esx?: boolean
  /** Of `db1`, in place of what it has otherwise. */
  readonly spec?: Partial<VmSpec>
  readonly adapter?: Partial<VsphereOptions>
  /** What VMware Tools run, in `db1` and its copies. */
  readonly inGuest?: InGuest
}

export const DISKS = ['scsi0:0', 'scsi0:1'] as const
export const INSTANCE_UUID = '50100000-0000-4000-8000-000000000001'
/** What the list tells of `db1` besides, where it stands as {@link PLACED} says. */
export const FACTS = {
  tags: ['database', 'gold', 'tier/gold', 'use/database'],
  visibleTags: ['database', 'gold', 'tier/gold', 'use/database'],
  pool: 'production/db',
  folder: '/DC0/vm/databases/live',
  node: 'DC0_H0',
  cluster: 'blue',
}
export const PLACED: Partial<VmSpec> = {
  ...{ folder: 'databases/live', cluster: 'blue', pool: 'production/db' },
  tags: ['tier/gold', 'use/database'],
}
export const FIRST_SERIAL = '6000c2900000000000000000000000aa'

/** A server with the VM `db1` and two of the name `twin`, and an adapter that may do everything. */
export async function openVsphere(options: OpenOptions = {}): Promise<OpenedVsphere> {
  const { esx = false, spec = {}, adapter = {}, inGuest } = options
  const machine = new MemoryMachine(DISKS)
  const machines = new Map<string, MachineBehind>([['db1', behind(machine, inGuest)]])
  const twin = { name: 'twin', disks: [{ sizeBytes: GIB }] }
  const simulator = await openSimulator({
    esx,
    vms: [{ ...DB1, ...spec }, twin, twin],
    machines,
  })
  const opened: VsphereHypervisor[] = []
  const another = (more: Partial<VsphereOptions> = {}) => {
    const made = new VsphereHypervisor({
      name: 'vc',
      url: simulator.url,
      authorityPath: simulator.authorityPath,
      login: { username: USERNAME, password: async () => PASSWORD },
      clock: new NodeClock(),
      ...more,
    })
    opened.push(made)
    return made
  }
  const close = async () => {
    for (const each of opened) await each.close()
    await simulator.close()
  }
  try {
    const hypervisor = another(adapter)
    return { simulator, machine, machines, hypervisor, vm: await hypervisor.findVm(INSTANCE_UUID), another, close }
  } catch (error) {
    await close()
    throw error
  }
}

const DB1: VmSpec = {
  name: 'db1',
  uuid: '42100000-0000-4000-8000-000000000001',
  instanceUuid: INSTANCE_UUID,
  macs: ['00:50:56:00:00:01'],
  extra: [{ key: 'disk.EnableUUID', value: 'TRUE' }],
  disks: [{ uuid: '6000C290-0000-0000-0000-0000000000aa', sizeBytes: GIB }, { sizeBytes: 2 * GIB }],
}

function behind(machine: MemoryMachine, inGuest?: InGuest): MachineBehind {
  const copy = async (image: string) => behind(machine.copyOf(image), inGuest)
  return { machine, disks: DISKS, copy, ...(inGuest === undefined ? {} : { inGuest }) }
}

/** As the conformance suite wants it. */
export async function openConforming(): Promise<HypervisorUnderTest> {
  const { simulator, machine, machines, hypervisor, vm, close } = await openVsphere({ spec: PLACED })
  return {
    hypervisor,
    vm,
    write: async (disk, value) => machine.write(disk, String(value)),
    read: async (disk) => {
      assert.equal(await machine.running(), false)
      return Number(machine.read(disk))
    },
    readClone: async ({ name }, disk) => {
      const copy = machines.get(name)?.machine
      assert.ok(copy instanceof MemoryMachine)
      return Number(copy.read(disk))
    },
    stop: async () => {
      await machine.stop()
      await simulator.set({ vm: 'db1', power: 'poweredOff' })
    },
    makeAmbiguous: async () => 'twin',
    storage: async () =>
      [...machine.disks]
        .flatMap(([disk, { snapshots }]) => [...snapshots.keys()].map((name) => `${disk}@${name}`))
        .concat([...machines.keys()])
        .toSorted(),
    close,
  }
}

/** Opens one, runs the body, closes it. */
export async function withVsphere(options: OpenOptions, body: (opened: OpenedVsphere) => Promise<void>): Promise<void> {
  const opened = await openVsphere(options)
  try {
    await body(opened)
  } finally {
    await opened.close()
  }
}
