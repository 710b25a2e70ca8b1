import type { Clones } from '../../../src/hypervisor/clones.ts'
import type {
  ActByHand,
  Backup,
  Capabilities,
  CheckSnapshotOptions,
  CreateOptions,
  GuestAgent,
  Hypervisor,
  HypervisorInfo,
  ListedVm,
  RollBackRequest,
  Snapshot,
  SnapshotRequest,
  Vm,
  VmEvent,
} from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { readOnce } from '../../https/authority.ts'
import { type Call, wholeCall } from '../../https/call.ts'
import { Endpoint } from '../../https/endpoint.ts'
import { readFingerprint } from '../../https/fingerprint.ts'
import { WarmConnection } from '../../https/keep-warm.ts'
import type { Trust } from '../../https/secure-socket.ts'
import { byHand } from './by-hand.ts'
import { check } from './check.ts'
import { checkRollBack } from './check-roll-back.ts'
import { checkSnapshot } from './check-snapshot.ts'
import { clones } from './clones.ts'
import { type Cluster, kindOf } from './cluster.ts'
import { createSnapshot } from './create-snapshot.ts'
import { Credentials, type Login } from './credentials.ts'
import { Engine } from './engine.ts'
import { countUuid, findVm } from './find-vm.ts'
import { guestAgent } from './guest-agent.ts'
import { type Begun, listBackups } from './list-backups.ts'
import { describeSnapshot, listSnapshots } from './list-snapshots.ts'
import { listVms } from './list-vms.ts'
import { powerOf, powerOn, readStatus } from './power.ts'
import { removeSnapshot } from './remove-snapshot.ts'
import { rollBack, settleRollBack } from './roll-back.ts'
import { storageOfVm } from './storage.ts'

export interface ProxmoxAddress {
  /** `https://HOST:8006`. */
  readonly url: string
  /** `SHA256:…` of the certificate, instead of an authority. */
  readonly fingerprint?: string
}

export interface ProxmoxOptions {
  /** The name under `hypervisors:`. */
  readonly name: string
  /** One or more nodes of one cluster, in the order in which they are tried. */
  readonly addresses: readonly ProxmoxAddress[]
  /** File with the certificate authority; default: the system's. */
  readonly authorityPath?: string
  readonly login: Login
  readonly clock: Clock
}

/** The server closes a connection after 5 s without a request, and after 100 requests. */
const LIMITS = { longestIdleMs: 4_000, mostRequests: 90 }

const FINGERPRINT_HINT = 'on the node: openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem'
const TRUST_HINT =
  'name the authority of the cluster (/etc/pve/pve-root-ca.pem of a node) as `ca`, or pin the certificate with `fingerprint`'

/** Proxmox VE through its API; VMs are known by their vmid. docs/how-to/proxmox.md lists the privileges. */
export class ProxmoxHypervisor implements Hypervisor {
  readonly kind = 'proxmox'
  readonly capabilities: Capabilities = { maxNameLength: 40, rollBackToAny: true, events: false, quiesce: true }
  readonly name: string
  readonly guestAgent: Required<GuestAgent>
  readonly clones: Clones
  readonly #cluster: Cluster
  readonly #warm: WarmConnection

  constructor({ name, addresses, authorityPath, login, clock }: ProxmoxOptions) {
    this.name = name
    const authority = readOnce(authorityPath)
    const endpoints = addresses.map(({ url, fingerprint }) => {
      const pinned = fingerprint === undefined ? undefined : readFingerprint(fingerprint, FINGERPRINT_HINT)
      return new Endpoint({ url, trust: async () => trustOf(pinned, await authority()), limits: LIMITS, clock })
    })
    const engine = new Engine({ endpoints, credentials: new Credentials(login, clock), clock })
    this.#cluster = { name, clock, engine, nodes: new Map(), kinds: new Map(), snapshotDisks: new Map() }
    this.#warm = new WarmConnection((call) => engine.warm(call), clock)
    this.guestAgent = guestAgent(this.#cluster)
    this.clones = clones(this.#cluster)
  }

  check(options?: CallOptions): Promise<HypervisorInfo> {
    return this.#run(options, (call) => check(this.#cluster, call))
  }

  findVm(reference: string, options?: CallOptions): Promise<Vm> {
    return this.#run(options, (call) => findVm(this.#cluster, reference, call))
  }

  listVms(options?: CallOptions): Promise<readonly ListedVm[]> {
    return this.#run(options, (call) => listVms(this.#cluster, call))
  }

  countUuid(uuid: string, options?: CallOptions): Promise<number> {
    return this.#run(options, (call) => countUuid(this.#cluster, uuid, call))
  }

  storage(vm: Vm, options?: CallOptions) {
    return this.#run(options, (call) => storageOfVm(this.#cluster, vm, call))
  }

  async checkSnapshot(vm: Vm, { quiesce = false, ...options }: CheckSnapshotOptions = {}) {
    const findings = await this.#run(options, (call) => checkSnapshot(this.#cluster, vm, call, { quiesce }))
    this.#warm.begin()
    return findings
  }

  createSnapshot(vm: Vm, request: SnapshotRequest, options?: CreateOptions): Promise<Snapshot> {
    this.#warm.end()
    return this.#run(options, (call) => createSnapshot(this.#cluster, vm, request, { ...options, call }))
  }

  listSnapshots(vm: Vm, options?: CallOptions): Promise<readonly Snapshot[]> {
    return this.#run(options, (call) => listSnapshots(this.#cluster, vm, call))
  }

  listBackups(vm: Vm, begun: Begun, options?: CallOptions): Promise<readonly Backup[]> {
    return this.#run(options, (call) => listBackups(this.#cluster, vm, begun, call))
  }

  describeSnapshot(vm: Vm, snapshotName: string, description: string, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => describeSnapshot(this.#cluster, vm, snapshotName, description, call))
  }

  removeSnapshot(vm: Vm, snapshotName: string, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => removeSnapshot(this.#cluster, vm, snapshotName, call))
  }

  checkRollBack(vm: Vm, snapshotName: string, options?: CallOptions) {
    return this.#run(options, (call) => checkRollBack(this.#cluster, vm, snapshotName, call))
  }

  rollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => rollBack(this.#cluster, vm, request, call))
  }

  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions) {
    return this.#run(options, (call) => settleRollBack(this.#cluster, vm, request, call))
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => powerOn(this.#cluster, vm, call))
  }

  power(vm: Vm, options?: CallOptions) {
    return this.#run(options, async (call) => powerOf(await readStatus(this.#cluster, vm, call)))
  }

  /** The API has no stream of events. */
  async *watch(_vm: Vm, signal: AbortSignal): AsyncGenerator<VmEvent> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  byHand(vm: Vm, act: ActByHand, snapshotName: string): string {
    const where = { node: this.#cluster.nodes.get(vm.nativeId), kind: kindOf(this.#cluster, vm) }
    return byHand(vm, where, act, snapshotName)
  }

  async close(): Promise<void> {
    this.#warm.end()
    this.#cluster.engine.close()
  }

  #run<Answer>(options: CallOptions | undefined, work: (call: Call) => Promise<Answer>): Promise<Answer> {
    return wholeCall({ clock: this.#cluster.clock, product: 'Proxmox VE' }, options, work)
  }
}

function trustOf(pinned: Buffer | undefined, authority: string | undefined): Trust {
  const trust = { hint: TRUST_HINT }
  if (pinned !== undefined) return { ...trust, pinned }
  return authority === undefined ? trust : { ...trust, authority }
}
