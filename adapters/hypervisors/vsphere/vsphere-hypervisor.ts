import type { Clones } from '../../../src/hypervisor/clones.ts'
import type {
  ActByHand,
  Capabilities,
  CheckSnapshotOptions,
  GuestLogin,
  GuestPrograms,
  Hypervisor,
  HypervisorInfo,
  ListedVm,
  RollBackRequest,
  Snapshot,
  SnapshotRequest,
  Vm,
  VmEvent,
} from '../../../src/hypervisor/hypervisor.ts'
import type { KnownServer, ServerTrust } from '../../../src/hypervisor/known-server.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { readOnce } from '../../https/authority.ts'
import { type Call, wholeCall } from '../../https/call.ts'
import { Endpoint } from '../../https/endpoint.ts'
import { readFingerprint } from '../../https/fingerprint.ts'
import type { Trust } from '../../https/secure-socket.ts'
import { SnapshotReadiness } from './before-snapshot.ts'
import { byHand } from './by-hand.ts'
import { check } from './check.ts'
import { checkRollBack } from './check-roll-back.ts'
import { checkSnapshot } from './check-snapshot.ts'
import { clones } from './clones.ts'
import { createSnapshot } from './create-snapshot.ts'
import { FileTransfer } from './file-transfer.ts'
import { countUuid, findVm } from './find-vm.ts'
import { type GuestAccess, pingGuest } from './guest-access.ts'
import { execInGuest } from './guest-exec.ts'
import { describeSnapshot, listSnapshots } from './list-snapshots.ts'
import { listVms } from './list-vms.ts'
import { powerOn, readPower } from './power.ts'
import { removeSnapshot } from './remove-snapshot.ts'
import { Rest } from './rest.ts'
import { rollBack, settleRollBack } from './roll-back.ts'
import { serverGuard } from './server-guard.ts'
import { type Login, Session } from './session.ts'
import type { Site } from './site.ts'
import { storageOfVm } from './storage.ts'
import { VimClient } from './vim-client.ts'
import { VimHttp } from './vim-http.ts'
import { watch } from './watch.ts'

export interface VsphereOptions {
  /** The name under `hypervisors:`. */
  readonly name: string
  /** `https://HOST/sdk` of a vCenter or an ESXi host. */
  readonly url: string
  /** `SHA256:…` of the certificate, instead of an authority. */
  readonly fingerprint?: string
  /** File with the certificate authority; default: the system's. */
  readonly authorityPath?: string
  readonly login: Login
  readonly clock: Clock
  /** Which server is meant; where it is left out, whichever answers. */
  readonly server?: KnownServer
  /** Told why the first contact could not be written down. */
  readonly onNotKept?: (reason: string) => void
}

/** Less than the idle limits of vCenter and ESXi, which are minutes. */
const LIMITS = { longestIdleMs: 10_000, mostRequests: 10_000 }

const FINGERPRINT_HINT =
  'from a machine that is trusted: openssl s_client -connect HOST:443 </dev/null | openssl x509 -noout -fingerprint -sha256'
const TRUST_HINT =
  'name vCenter’s authority (https://VCENTER/certs/download.zip has it) as `ca`, or pin the certificate with `fingerprint`'

/** vSphere through its SOAP API; VMs are known by their instance UUID. docs/how-to/vsphere.md lists the privileges. */
export class VsphereHypervisor implements Hypervisor {
  readonly kind = 'vsphere'
  readonly capabilities: Capabilities = { maxNameLength: 80, rollBackToAny: true, events: true, quiesce: true }
  readonly name: string
  readonly clones: Clones
  readonly server?: ServerTrust
  readonly #site: Site
  readonly #rest: Rest
  readonly #files: FileTransfer
  readonly #readiness: SnapshotReadiness

  constructor({ name, url, fingerprint, authorityPath, login, clock, server, onNotKept = () => {} }: VsphereOptions) {
    this.name = name
    const pinned = fingerprint === undefined ? undefined : readFingerprint(fingerprint, FINGERPRINT_HINT)
    const authority = readOnce(authorityPath)
    const trust = async () => trustOf(pinned, await authority())
    const endpoint = new Endpoint({ url: withPath(url), trust, limits: LIMITS, clock })
    const guard = server === undefined ? undefined : serverGuard(name, server, onNotKept)
    const session = new Session(new VimClient(new VimHttp(endpoint, clock)), login, clock, guard)
    this.#rest = new Rest(endpoint, login, clock, (errand) => session.assertSame(errand))
    this.#files = new FileTransfer(endpoint, { trust, limits: LIMITS, clock })
    this.#site = { name, clock, session, seen: new Map(), snapshotDisks: new Map() }
    this.clones = clones(this.#site)
    if (server !== undefined) this.server = this.#trustIn(server)
    this.#readiness = new SnapshotReadiness(this.#site)
  }

  check(options?: CallOptions): Promise<HypervisorInfo> {
    return this.#run(options, (call) => check(this.#site, call))
  }

  findVm(reference: string, options?: CallOptions): Promise<Vm> {
    return this.#run(options, (call) => findVm(this.#site, reference, call))
  }

  listVms(options?: CallOptions): Promise<readonly ListedVm[]> {
    return this.#run(options, (call) => listVms(this.#site, this.#rest, call))
  }

  countUuid(uuid: string, options?: CallOptions): Promise<number> {
    return this.#run(options, (call) => countUuid(this.#site, uuid, call))
  }

  storage(vm: Vm, options?: CallOptions) {
    return this.#run(options, (call) => storageOfVm(this.#site, vm, call))
  }

  async checkSnapshot(vm: Vm, { quiesce = false, ...options }: CheckSnapshotOptions = {}) {
    const findings = await this.#run(options, (call) => checkSnapshot(this.#site, vm, { quiesce }, call))
    this.#readiness.begin(vm)
    return findings
  }

  createSnapshot(
    vm: Vm,
    request: SnapshotRequest,
    { onMade, ...options }: CallOptions & { readonly onMade?: () => void } = {},
  ): Promise<Snapshot> {
    const lately = this.#readiness.take(vm)
    return this.#run(options, (call) => createSnapshot(this.#site, vm, request, { call, lately, onMade }))
  }

  listSnapshots(vm: Vm, options?: CallOptions): Promise<readonly Snapshot[]> {
    return this.#run(options, (call) => listSnapshots(this.#site, vm, call))
  }

  describeSnapshot(vm: Vm, snapshotName: string, description: string, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => describeSnapshot(this.#site, vm, snapshotName, description, call))
  }

  removeSnapshot(vm: Vm, snapshotName: string, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => removeSnapshot(this.#site, vm, snapshotName, call))
  }

  checkRollBack(vm: Vm, snapshotName: string, options?: CallOptions) {
    return this.#run(options, (call) => checkRollBack(this.#site, vm, snapshotName, call))
  }

  rollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => rollBack(this.#site, vm, request, call))
  }

  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions) {
    return this.#run(options, (call) => settleRollBack(this.#site, vm, request, call))
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#run(options, (call) => powerOn(this.#site, vm, call))
  }

  power(vm: Vm, options?: CallOptions) {
    return this.#run(options, (call) => readPower(this.#site, vm, call))
  }

  watch(vm: Vm, signal: AbortSignal): AsyncGenerator<VmEvent> {
    return watch(this.#site, vm, signal)
  }

  /** Guest operations of VMware Tools. */
  guestPrograms(login: GuestLogin): GuestPrograms {
    let fetched: string | undefined
    // Every call of the guest operations carries it, and a secret may be a command that takes its time.
    const password = async () => {
      fetched ??= await login.password()
      return fetched
    }
    const own = { user: login.user, password }
    const access = (vm: Vm): GuestAccess => ({ site: this.#site, files: this.#files, vm, login: own })
    return {
      ping: (vm, options) => this.#run(options, (call) => pingGuest(access(vm), call)),
      exec: (vm, command, options) => this.#run(options, (call) => execInGuest(access(vm), command, call)),
    }
  }

  byHand(vm: Vm, act: ActByHand, snapshotName: string): string {
    return byHand(vm, act, snapshotName)
  }

  async close(): Promise<void> {
    this.#readiness.end()
    this.#files.close()
    await this.#site.session.close()
  }

  #trustIn(server: KnownServer): ServerTrust {
    const doing = `look which server answers for ${this.name}`
    return {
      answering: (options) => this.#run(options, (call) => this.#site.session.identify({ call, doing })),
      known: () => server.read(),
      accept: (seen) => server.keep(seen),
    }
  }

  #run<Answer>(options: CallOptions | undefined, work: (call: Call) => Promise<Answer>): Promise<Answer> {
    return wholeCall({ clock: this.#site.clock, product: 'vSphere' }, options, work)
  }
}

/** The API is at `/sdk`; an address without a path means it. */
function withPath(url: string): string {
  const whole = new URL(url)
  if (whole.pathname === '/') whole.pathname = '/sdk'
  return whole.href
}

function trustOf(pinned: Buffer | undefined, authority: string | undefined): Trust {
  const trust = { hint: TRUST_HINT }
  if (pinned !== undefined) return { ...trust, pinned }
  return authority === undefined ? trust : { ...trust, authority }
}
