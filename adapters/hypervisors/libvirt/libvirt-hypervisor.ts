import type { Clones } from '../../../src/hypervisor/clones.ts'
import type {
  ActByHand,
  Capabilities,
  CheckSnapshotOptions,
  GuestAgent,
  Hypervisor,
  HypervisorInfo,
  ListedVm,
  RollBackRequest,
  SnapshotRequest,
  Vm,
} from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { byHand } from './by-hand.ts'
import { checkRollBack } from './check-roll-back.ts'
import { checkSnapshot } from './check-snapshot.ts'
import { clones } from './clones.ts'
import { createSnapshot } from './create-snapshot.ts'
import { type DomainDisk, readDomain } from './domain-xml.ts'
import { findVm, listDomains } from './find-vm.ts'
import { guestAgent } from './guest-agent.ts'
import { isLocalUri, type LibvirtHost } from './host.ts'
import { describeSnapshot, listSnapshots } from './list-snapshots.ts'
import { power, powerOn } from './power.ts'
import { removeSnapshot } from './remove-snapshot.ts'
import { rollBack, settleRollBack } from './roll-back.ts'
import { storageOfVm } from './storage.ts'
import { virshEnvironment } from './virsh-environment.ts'
import type { VirshOptions } from './virsh-process.ts'
import { VirshSession } from './virsh-session.ts'
import { watch } from './watch.ts'
import { wholeCall } from './whole-call.ts'

export interface LibvirtOptions {
  /** The name under `hypervisors:`. */
  readonly name: string
  /** libvirt's connection URI: `qemu:///system`. */
  readonly uri: string
  /** Name or path of virsh; found by PATH unless given. */
  readonly program?: string
  /** Where the overlays of disks on block devices go. */
  readonly overlayFolder?: string
  /** The process's environment; only what virsh needs of it is passed on. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** libvirt through a held-open `virsh` (see virsh-process.ts); VMs are known by their UUID. */
export class LibvirtHypervisor implements Hypervisor {
  readonly kind = 'libvirt'
  readonly capabilities: Capabilities = { maxNameLength: 100, rollBackToAny: true, events: true, quiesce: true }
  readonly name: string
  readonly guestAgent: GuestAgent
  readonly clones: Clones
  readonly #virsh: VirshOptions
  readonly #host: LibvirtHost
  /** What the last look at each VM found, so that taking the snapshot needs no look of its own. */
  readonly #disks = new Map<string, readonly DomainDisk[]>()
  readonly #closing = new AbortController()
  #version: string | undefined

  constructor(options: LibvirtOptions) {
    this.name = options.name
    this.#virsh = {
      uri: options.uri,
      program: options.program ?? 'virsh',
      environment: virshEnvironment(options.environment ?? process.env),
    }
    this.#host = {
      name: options.name,
      uri: options.uri,
      session: new VirshSession(this.#virsh),
      local: isLocalUri(options.uri),
      overlayFolder: options.overlayFolder ?? '/var/lib/libvirt/images',
    }
    this.guestAgent = guestAgent(this.#host)
    this.clones = clones(this.#host)
  }

  async check(options?: CallOptions): Promise<HypervisorInfo> {
    const [text = ''] = await this.#host.session.run([['version', '--daemon']], { ...options, doing: 'reach libvirt' })
    this.#version = /Running against daemon: (\S+)/.exec(text)?.[1] ?? 'unknown'
    const product = /Running hypervisor: (.+)/.exec(text)?.[1]?.trim()
    return { product: product === undefined ? 'libvirt' : `libvirt with ${product}`, version: this.#version }
  }

  async findVm(reference: string, options?: CallOptions): Promise<Vm> {
    // byHand() cannot ask, and what an administrator must type depends on it.
    return wholeCall('question', options, async (within) => {
      if (this.#version === undefined) await this.check(within)
      return findVm(this.#host, reference, within)
    })
  }

  /** libvirt knows neither tags nor pools, and its only node is the hypervisor itself. */
  async listVms(options?: CallOptions): Promise<readonly ListedVm[]> {
    const domains = await listDomains(this.#host, options)
    return domains.map(({ uuid, name }) => ({ nativeId: uuid, name, uuid, tags: [] }))
  }

  async countUuid(uuid: string, options?: CallOptions): Promise<number> {
    const domains = await listDomains(this.#host, options)
    return domains.filter((domain) => domain.uuid === uuid.toLowerCase()).length
  }

  storage(vm: Vm, options?: CallOptions) {
    return wholeCall('question', options, (within) => storageOfVm(this.#host, vm, within))
  }

  async checkSnapshot(vm: Vm, options?: CheckSnapshotOptions) {
    const looked = await wholeCall('question', options, (within) =>
      checkSnapshot(this.#host, vm, { ...options, ...within }),
    )
    const { findings, domain } = looked
    this.#disks.set(vm.nativeId, domain.disks)
    return findings
  }

  async createSnapshot(vm: Vm, request: SnapshotRequest, options?: CallOptions) {
    const disks = this.#disks.get(vm.nativeId) ?? (await this.#lookAtDisks(vm, options))
    this.#disks.delete(vm.nativeId)
    return createSnapshot(this.#host, vm, disks, request, options)
  }

  listSnapshots(vm: Vm, options?: CallOptions) {
    return wholeCall('question', options, (within) => listSnapshots(this.#host, vm, within))
  }

  describeSnapshot(vm: Vm, snapshotName: string, description: string, options?: CallOptions): Promise<void> {
    return wholeCall('change', options, (within) => describeSnapshot(this.#host, vm, snapshotName, description, within))
  }

  removeSnapshot(vm: Vm, snapshotName: string, options?: CallOptions): Promise<void> {
    return wholeCall('change', options, (within) => removeSnapshot(this.#host, vm, snapshotName, within))
  }

  checkRollBack(vm: Vm, snapshotName: string, options?: CallOptions) {
    return wholeCall('question', options, (within) => checkRollBack(this.#host, vm, snapshotName, within))
  }

  rollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<void> {
    return wholeCall('change', options, (within) => rollBack(this.#host, vm, request, within))
  }

  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions) {
    return wholeCall('change', options, (within) => settleRollBack(this.#host, vm, request, within))
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return wholeCall('change', options, (within) => powerOn(this.#host, vm, within))
  }

  power(vm: Vm, options?: CallOptions) {
    return power(this.#host, vm, options)
  }

  watch(vm: Vm, signal: AbortSignal) {
    return watch(this.#virsh, vm, AbortSignal.any([signal, this.#closing.signal]))
  }

  byHand(vm: Vm, act: ActByHand, snapshotName: string): string {
    return byHand(this.#host.uri, this.#version, vm, act, snapshotName)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#host.session.close()
  }

  async #lookAtDisks(vm: Vm, options: CallOptions = {}): Promise<readonly DomainDisk[]> {
    const [xml = ''] = await this.#host.session.run([['dumpxml', vm.nativeId]], {
      ...options,
      doing: `look at ${vm.name}`,
    })
    return readDomain(xml).disks
  }
}
