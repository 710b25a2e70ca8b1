import { StillshotError } from '../../../src/errors.ts'
import type { Snapshot, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant } from '../../../src/system/instant.ts'
import type { Call } from '../../https/call.ts'
import { type RollBackMark, readDescription } from './description.ts'
import { decodedName } from './names.ts'
import { readSurely } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { field, flag, isSameRef, list, number, type Ref, ref, text, type Value } from './values.ts'

/** A snapshot as the VM's tree has it. */
export interface TreeSnapshot {
  readonly object: Ref
  readonly name: string
  readonly text: string
  readonly mark: RollBackMark | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly parent: string | undefined
  readonly withMemory: boolean
  /** Whether VMware Tools had frozen the guest. */
  readonly quiesced: boolean
  /** 1 for one that stands on the disks themselves. */
  readonly depth: number
  /** Counts up in the order in which they were taken. */
  readonly number: number
}

export interface SnapshotTree {
  /** Oldest first. */
  readonly snapshots: readonly TreeSnapshot[]
  /** The snapshot that the VM stands on. */
  readonly current: TreeSnapshot | undefined
}

export async function readTree(site: Site, vm: Vm, call: Call): Promise<SnapshotTree> {
  const errand = { call, doing: `list the snapshots of ${vm.name}` }
  const path = 'snapshot'
  const { snapshot } = await onVm(site, vm, call, (object) => readSurely(site.session, object, { path }, errand))
  return treeFrom(snapshot)
}

export function treeFrom(info: Value): SnapshotTree {
  const roots = list(field(info, 'rootSnapshotList')).flatMap((node) => branch(node, undefined, 1))
  const snapshots = roots.toSorted((one, other) => one.createdAt - other.createdAt || one.number - other.number)
  const current = ref(field(info, 'currentSnapshot'))
  return { snapshots, current: snapshots.find(({ object }) => isSameRef(object, current)) }
}

function branch(node: Value, parent: string | undefined, depth: number): readonly TreeSnapshot[] {
  const object = ref(field(node, 'snapshot'))
  if (object === undefined) return []
  const name = decodedName(text(field(node, 'name')))
  const own: TreeSnapshot = {
    object,
    name,
    ...readDescription(text(field(node, 'description'))),
    createdAt: Date.parse(text(field(node, 'createTime'))),
    parent,
    withMemory: text(field(node, 'state')) === 'poweredOn',
    quiesced: flag(field(node, 'quiesced')),
    depth,
    number: number(field(node, 'id')),
  }
  return [own, ...list(field(node, 'childSnapshotList')).flatMap((child) => branch(child, name, depth + 1))]
}

/** Undefined when there is none; vSphere allows two of one name, and then a person must say which. */
export function snapshotIn(vm: Vm, { snapshots }: SnapshotTree, name: string): TreeSnapshot | undefined {
  const [found, ...more] = snapshots.filter((snapshot) => snapshot.name === name)
  if (more.length === 0) return found
  throw new StillshotError('hypervisor-refused', `${vm.name} has ${more.length + 1} snapshots of the name ${name}`, {
    hint: 'rename all but one of them in vSphere',
  })
}

/** `snapshot-not-found` when it is not in the tree. */
export function snapshotNamed(vm: Vm, tree: SnapshotTree, name: string): TreeSnapshot {
  const found = snapshotIn(vm, tree, name)
  if (found !== undefined) return found
  throw new StillshotError('snapshot-not-found', `${vm.name} has no snapshot ${name}`)
}

/** What the port shows of a snapshot: in the tree it is whole. */
export function snapshotWith(
  { name, text: description, createdAt, parent }: TreeSnapshot,
  disks: readonly string[],
): Snapshot {
  return {
    name,
    description,
    createdAt: formatInstant(createdAt),
    ...(parent === undefined ? {} : { parent }),
    complete: true,
    disks,
  }
}
