import type {
  Capabilities,
  Hypervisor,
  HypervisorInfo,
  RollBackRequest,
  SnapshotRequest,
  Vm,
} from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { byHand } from './by-hand.ts'
import { checkRollBack } from './check-roll-back.ts'
import { checkSnapshot } from './check-snapshot.ts'
import { createSnapshot } from './create-snapshot.ts'
import { type DomainDisk, readDomain } from './domain-xml.ts'
import { findVm, listDomains } from './find-vm.ts'
import { isLocalUri, type LibvirtHost } from './host.ts'
import { describeSnapshot, listSnapshots } from './list-snapshots.ts'
import { power, powerOn } from './power.ts'
import { removeSnapshot } from './remove-snapshot.ts'
import { rollBack, settleRollBack } from './roll-back.ts'
import { virshEnvironment } from './virsh-environment.ts'
import type { VirshOptions } from './virsh-process.ts'
import { VirshSession } from './virsh-session.ts'
import { watch } from './watch.ts'

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
  readonly capabilities: Capabilities = { maxNameLength: 100, rollBackToAny: true, events: true }
  readonly name: string
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
  }

  async check(options?: CallOptions): Promise<HypervisorInfo> {
    const [text = ''] = await this.#host.session.run([['version', '--daemon']], { ...options, doing: 'reach libvirt' })
    this.#version = /Running against daemon: (\S+)/.exec(text)?.[1] ?? 'unknown'
    const product = /Running hypervisor: (.+)/.exec(text)?.[1]?.trim()
    return { product: product === undefined ? 'libvirt' : `libvirt with ${product}`, version: this.#version }
  }

  async findVm(reference: string, options?: CallOptions): Promise<Vm> {
    // byHand() cannot ask, and what an administrator must type depends on it.
    if (this.#version === undefined) await this.check(options)
    return findVm(this.#host, reference, options)
  }

  async countUuid(uuid: string, options?: CallOptions): Promise<number> {
    const domains = await listDomains(this.#host, options)
    return domains.filter((domain) => domain.uuid === uuid.toLowerCase()).length
  }

  async checkSnapshot(vm: Vm, options?: CallOptions) {
    const { findings, domain } = await checkSnapshot(this.#host, vm, options)
    this.#disks.set(vm.nativeId, domain.disks)
    return findings
  }

  async createSnapshot(vm: Vm, request: SnapshotRequest, options?: CallOptions) {
    const disks = this.#disks.get(vm.nativeId) ?? (await this.#lookAtDisks(vm, options))
    this.#disks.delete(vm.nativeId)
    return createSnapshot(this.#host, vm, disks, request, options)
  }

  listSnapshots(vm: Vm, options?: CallOptions) {
    return listSnapshots(this.#host, vm, options)
  }

  describeSnapshot(vm: Vm, snapshotName: string, description: string, options?: CallOptions): Promise<void> {
    return describeSnapshot(this.#host, vm, snapshotName, description, options)
  }

  removeSnapshot(vm: Vm, snapshotName: string, options?: CallOptions): Promise<void> {
    return removeSnapshot(this.#host, vm, snapshotName, options)
  }

  checkRollBack(vm: Vm, snapshotName: string, options?: CallOptions) {
    return checkRollBack(this.#host, vm, snapshotName, options)
  }

  rollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<void> {
    return rollBack(this.#host, vm, request, options)
  }

  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions) {
    return settleRollBack(this.#host, vm, request, options)
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return powerOn(this.#host, vm, options)
  }

  power(vm: Vm, options?: CallOptions) {
    return power(this.#host, vm, options)
  }

  watch(vm: Vm, signal: AbortSignal) {
    return watch(this.#virsh, vm, AbortSignal.any([signal, this.#closing.signal]))
  }

  byHand(vm: Vm, act: 'remove-snapshot' | 'roll-back' | 'power-on', snapshotName: string): string {
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
