import type { Backup, ListedVm, PowerState, Snapshot, VmDisk } from '../../../src/hypervisor/hypervisor.ts'
import type { Storage } from '../../../src/system/storage.ts'

/** A VM as a test describes it; what is missing gets a sensible value. */
export interface FakeVmOptions {
  readonly nativeId: string
  readonly name?: string
  readonly uuid?: string
  readonly power?: PowerState
  readonly macs?: readonly string[]
  readonly disks?: readonly VmDisk[]
  readonly facts?: Partial<FakeFacts>
}

/** Tags, and where it stands. */
export type FakeFacts = Omit<ListedVm, 'nativeId' | 'name' | 'uuid'>

/** What a snapshot holds besides what the port shows. */
export interface FakeSnapshot {
  readonly snapshot: Snapshot
  readonly contents: ReadonlyMap<string, string>
}

/** What a copy says of itself. */
export interface CopyOf {
  readonly nativeId: string
  readonly uuid: string
  readonly snapshotName: string
  /** The name that it was made under. */
  readonly id: string
  kept: boolean
  /** False while it is made, and of one whose making was cut off. */
  whole: boolean
}

/** The changing state of one VM. A disk's content is one text: enough to prove which state it is in. */
export interface FakeVm {
  readonly nativeId: string
  name: string
  readonly uuid: string
  readonly macs: readonly string[]
  disks: readonly VmDisk[]
  power: PowerState
  /** `silent`: no snapshot of it is quiesced. */
  agent: 'answers' | 'silent'
  /** What the list shows besides; a test may change it. */
  facts: FakeFacts
  /** What the disks lie on; a test may change it. */
  storage: readonly Storage[]
  readonly contents: Map<string, string>
  snapshots: FakeSnapshot[]
  /** Of the hypervisor's own jobs; a test puts them there. */
  readonly backups: Backup[]
  /** The snapshot that the disks stand on. */
  current: string | undefined
  /** Tokens of roll backs that were done. */
  readonly rolledBack: Set<string>
  /** What a copy carries: the native id of its VM, and the snapshot that it stands on. */
  readonly copyOf?: CopyOf
}

const SAN: Storage = {
  ...{ kind: 'share', name: 'san:/vms', protocol: 'nfs' },
  ...{ server: 'san', addresses: ['10.0.0.8'], share: '/vms' },
}

const DISK: VmDisk = { id: 'vda', bus: 'virtio', serial: 'fake-vda', unit: 0, sizeBytes: 1_073_741_824, covered: true }

export function fakeVm(options: FakeVmOptions): FakeVm {
  return {
    nativeId: options.nativeId,
    name: options.name ?? options.nativeId,
    uuid: options.uuid ?? uuidFrom(options.nativeId),
    macs: options.macs ?? [],
    disks: options.disks ?? [DISK],
    power: options.power ?? 'running',
    agent: 'answers',
    facts: { tags: [], ...options.facts },
    storage: [SAN],
    contents: new Map(),
    snapshots: [],
    backups: [],
    current: undefined,
    rolledBack: new Set(),
  }
}

/** How many images would stand on what the snapshot froze: its children, and the VM itself where it is the current one. */
export function overlaysOn(vm: FakeVm, name: string): number {
  const children = vm.snapshots.filter(({ snapshot }) => snapshot.parent === name).length
  return children + (vm.current === name ? 1 : 0)
}

/** The copies that were made of a VM and are there. */
export function copiesOf(vms: Iterable<FakeVm>, nativeId: string): readonly FakeVm[] {
  return [...vms].filter(({ copyOf }) => copyOf?.nativeId === nativeId)
}

/** Takes the snapshot out; its children stand on its parent from then on. */
export function forget(vm: FakeVm, name: string): void {
  const gone = vm.snapshots.find(({ snapshot }) => snapshot.name === name)?.snapshot
  if (gone === undefined) return
  vm.snapshots = vm.snapshots
    .filter(({ snapshot }) => snapshot !== gone)
    .map((one) => (one.snapshot.parent === name ? { ...one, snapshot: onParent(one.snapshot, gone.parent) } : one))
  if (vm.current === name) vm.current = gone.parent
}

function onParent(snapshot: Snapshot, parent: string | undefined): Snapshot {
  const { parent: _parent, ...rest } = snapshot
  return parent === undefined ? rest : { ...rest, parent }
}

function uuidFrom(nativeId: string): string {
  const hex = Buffer.from(nativeId).toString('hex').padStart(32, '0').slice(-32)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
