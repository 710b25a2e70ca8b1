import { type Proxmox, proxmoxApi } from 'proxmox-api'
import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Call } from '../../https/call.ts'
import type { Engine, Errand } from './engine.ts'
import { type GuestKind, isGuestKind } from './guest-kind.ts'

/** One Proxmox VE, as the parts of this adapter see it. */
export interface Cluster {
  /** The name under `hypervisors:`. */
  readonly name: string
  readonly clock: Clock
  readonly engine: Engine
  /** Where each VM was seen last, by its id: it may have been migrated since. */
  readonly nodes: Map<string, string>
  /** What each VM is, by its id: known of every VM whose node is. */
  readonly kinds: Map<string, GuestKind>
  /** The disks of complete snapshots, which never change: by VM, name and time. */
  readonly snapshotDisks: Map<string, readonly string[]>
}

/** A VM or container in the list of the cluster's resources. */
export interface Resource {
  readonly kind: GuestKind
  readonly vmid: number
  readonly name: string
  readonly node: string
  readonly template: boolean
  /** As the cluster writes them, in one text. */
  readonly tags: string
  readonly pool: string | undefined
}

export type VmApi = ReturnType<ReturnType<Proxmox.Api['nodes']['$']>['qemu']['$']>

export function api({ engine }: Cluster, errand: Errand): Proxmox.Api {
  return proxmoxApi(engine.for(errand))
}

/**
 * The VM's part of the API on a node that {@link onNode} gave. A container's has the same calls as far as it has them: not those
 * of the guest agent, of copies and of a VM that is paused.
 */
export function vmApi(cluster: Cluster, vm: Pick<Vm, 'nativeId'>, node: string, errand: Errand): VmApi {
  const guests = api(cluster, errand).nodes.$(node)
  const id = Number(vm.nativeId)
  return kindOf(cluster, vm) === 'lxc' ? (guests.lxc.$(id) as unknown as VmApi) : guests.qemu.$(id)
}

/** As it was seen last. */
export function kindOf({ kinds }: Pick<Cluster, 'kinds'>, { nativeId }: Pick<Vm, 'nativeId'>): GuestKind {
  return kinds.get(nativeId) ?? 'qemu'
}

/** All VMs and containers that the credentials may see (VM.Audit). */
export async function listResources(cluster: Cluster, call: Call): Promise<readonly Resource[]> {
  const all = await api(cluster, { call, doing: 'list VMs' }).cluster.resources.$get({ type: 'vm' })
  const seen = all.flatMap(({ type, vmid, name = '', node, template, tags = '', pool }) =>
    isGuestKind(type) && vmid !== undefined && node !== undefined
      ? [{ kind: type, vmid: Number(vmid), name, node, template: Boolean(Number(template ?? 0)), tags, pool }]
      : [],
  )
  for (const { vmid, node, kind } of seen) {
    cluster.nodes.set(String(vmid), node)
    cluster.kinds.set(String(vmid), kind)
  }
  return seen
}

/**
 * Runs the work for the node that has the VM, and once more when the VM turns out to be on another one by now. The
 * failures that lead there say that the first node did nothing.
 */
export async function onNode<Answer>(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId' | 'name'>,
  call: Call,
  work: (node: string) => Promise<Answer>,
): Promise<Answer> {
  const known = cluster.nodes.get(vm.nativeId) ?? (await locate(cluster, vm, call))
  try {
    return await work(known)
  } catch (error) {
    if (!(error instanceof StillshotError) || !MAY_HAVE_MOVED.has(error.code)) throw error
    const now = await locate(cluster, vm, call)
    if (now === known) throw error
    return work(now)
  }
}

const MAY_HAVE_MOVED = new Set(['vm-not-found', 'hypervisor-unreachable'])

async function locate(cluster: Cluster, vm: Pick<Vm, 'nativeId' | 'name'>, call: Call): Promise<string> {
  const found = (await listResources(cluster, call)).find(({ vmid }) => String(vmid) === vm.nativeId)
  if (found !== undefined) return found.node
  cluster.nodes.delete(vm.nativeId)
  throw new StillshotError('vm-not-found', `${cluster.name} has no VM ${vm.nativeId} (${vm.name})`, {
    hint: `it is gone, or the credentials lack VM.Audit on /vms/${vm.nativeId}`,
  })
}
