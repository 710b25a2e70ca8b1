import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
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
  PowerState,
  RollBackRequest,
  Snapshot,
  SnapshotRequest,
  Vm,
  VmEvent,
} from '../../../src/hypervisor/hypervisor.ts'
import { WITH_MEMORY } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions, Clock } from '../../../src/system/clock.ts'
import { formatInstant, parseInstant } from '../../../src/system/instant.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import type { Storage } from '../../../src/system/storage.ts'
import { type FakeGuest, fakeAgent } from './fake-agent.ts'
import { type FakeCloneWorld, fakeClones } from './fake-clones.ts'
import { FakeEvents } from './fake-events.ts'
import { type FakeCall, type FakeFault, FakeFaults } from './fake-faults.ts'
import { copiesOf, type FakeSnapshot, type FakeVm, type FakeVmOptions, fakeVm, forget, overlaysOn } from './fake-vm.ts'

export interface FakeHypervisorOptions {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly vms: readonly FakeVmOptions[]
  readonly name?: string
  readonly capabilities?: Partial<Capabilities>
  /** What {@link FakeHypervisor.checkSnapshot} gives. */
  readonly findings?: readonly Finding[]
  /** Called inside the act, at its point in time: a test's guest sees it there. */
  readonly onCreate?: (vm: Vm, snapshot: Snapshot) => void
  readonly onRollBack?: (vm: Vm, snapshot: Snapshot) => void
  /** True for one whose own jobs make backups: those of {@link FakeVm.backups}. */
  readonly backups?: boolean
  readonly onPower?: (vm: Vm, power: PowerState) => void
  /** What the agent in every guest does; without it the hypervisor has none. */
  readonly guest?: FakeGuest
}

const CAPABILITIES: Capabilities = { maxNameLength: 40, rollBackToAny: true, events: true, quiesce: true }

/** A hypervisor in memory that keeps the port's promises, and breaks them where a test asks for a {@link FakeFault}. */
export class FakeHypervisor implements Hypervisor {
  readonly kind = 'fake'
  readonly name: string
  readonly capabilities: Capabilities
  readonly clones: Clones
  readonly guestAgent?: GuestAgent
  readonly faults: FakeFaults
  readonly listBackups?: NonNullable<Hypervisor['listBackups']>
  /** Names of the calls so far, in order. */
  readonly calls: FakeCall[] = []
  readonly #options: FakeHypervisorOptions
  readonly #events = new FakeEvents()
  readonly #vms: Map<string, FakeVm>

  constructor(options: FakeHypervisorOptions) {
    this.#options = options
    this.name = options.name ?? 'fake'
    this.capabilities = { ...CAPABILITIES, ...options.capabilities }
    this.faults = new FakeFaults(options.clock)
    if (options.backups) this.listBackups = this.#backups
    this.#vms = new Map(options.vms.map((vm) => [vm.nativeId, fakeVm(vm)]))
    const run: FakeCloneWorld['run'] = (call, given, work) => this.#run(call, given, work)
    this.clones = fakeClones({
      vms: this.#vms,
      run,
      snapshot: (state, name) => this.#snapshot(state, name),
      show: (state) => this.#vm(state),
      setPower: (state, power) => this.#setPower(state, power),
    })
    const power = ({ nativeId }: Vm) => this.state(nativeId).power
    if (options.guest !== undefined) this.guestAgent = fakeAgent(options.guest, { run, power })
  }

  /** The VM's inside, for tests to look at and to change. */
  state(nativeId: string): FakeVm {
    const state = this.#vms.get(nativeId)
    if (state === undefined) throw new StillshotError('vm-not-found', `${this.name} has no VM ${nativeId}`)
    return state
  }

  /** Names of the copies of a VM that are there. */
  copies(nativeId: string): readonly string[] {
    return this.copyStates(nativeId).map(({ name }) => name)
  }

  /** The inside of each. */
  copyStates(nativeId: string): readonly FakeVm[] {
    return copiesOf(this.#vms.values(), nativeId)
  }

  /** Shorthand for a fault with the next call. */
  breakNext(fault: FakeFault): void {
    this.faults.add(fault)
  }

  check(options?: CallOptions): Promise<HypervisorInfo> {
    return this.#run('check', options, () => ({ product: 'fake', version: '1' }))
  }

  findVm(reference: string, options?: CallOptions): Promise<Vm> {
    return this.#run('findVm', options, () => {
      const found = [...this.#vms.values()].filter((vm) => [vm.nativeId, vm.uuid, vm.name].includes(reference))
      const [first] = found
      if (first === undefined) throw new StillshotError('vm-not-found', `${this.name} has no VM ${reference}`)
      if (found.length > 1) throw new StillshotError('vm-ambiguous', `${reference} means ${found.length} VMs`)
      return this.#vm(first)
    })
  }

  listVms(options?: CallOptions): Promise<readonly ListedVm[]> {
    return this.#run('listVms', options, () =>
      [...this.#vms.values()].map(({ nativeId, name, uuid, facts }) => ({ nativeId, name, uuid, ...facts })),
    )
  }

  countUuid(uuid: string, options?: CallOptions): Promise<number> {
    return this.#run('countUuid', options, () => [...this.#vms.values()].filter((vm) => vm.uuid === uuid).length)
  }

  storage(vm: Vm, options?: CallOptions): Promise<readonly Storage[]> {
    return this.#run('storage', options, () => this.state(vm.nativeId).storage)
  }

  checkSnapshot(_vm: Vm, options?: CheckSnapshotOptions): Promise<readonly Finding[]> {
    return this.#run('checkSnapshot', options, () => this.#options.findings ?? [])
  }

  createSnapshot(vm: Vm, request: SnapshotRequest, options?: CreateOptions): Promise<Snapshot> {
    return this.#run('createSnapshot', options, () => {
      const state = this.state(vm.nativeId)
      if (request.name.length > this.capabilities.maxNameLength) {
        throw new StillshotError('hypervisor-refused', `the name ${request.name} is too long`)
      }
      if (state.snapshots.some(({ snapshot }) => snapshot.name === request.name)) {
        throw new StillshotError('snapshot-exists', `${state.name} has a snapshot ${request.name} already`)
      }
      const { quiesce = false, ...asked } = request
      const snapshot: Snapshot = {
        ...asked,
        createdAt: formatInstant(this.#options.clock.now()),
        ...(state.current === undefined ? {} : { parent: state.current }),
        complete: true,
        disks: state.disks.filter((disk) => disk.covered).map((disk) => disk.id),
      }
      state.snapshots.push({ snapshot, contents: new Map(state.contents) })
      state.current = request.name
      this.#options.onCreate?.(this.#vm(state), snapshot)
      this.#emit(state, 'snapshot', request.name)
      options?.onMade?.()
      const quiesces = quiesce && this.capabilities.quiesce && state.power === 'running'
      return quiesces ? { ...snapshot, quiesced: state.agent === 'answers' } : snapshot
    })
  }

  listSnapshots(vm: Vm, options?: CallOptions): Promise<readonly Snapshot[]> {
    return this.#run('listSnapshots', options, () => this.state(vm.nativeId).snapshots.map(({ snapshot }) => snapshot))
  }

  describeSnapshot(vm: Vm, snapshotName: string, description: string, options?: CallOptions): Promise<void> {
    return this.#run('describeSnapshot', options, () => {
      const state = this.state(vm.nativeId)
      const found = this.#snapshot(state, snapshotName)
      const changed = { ...found, snapshot: { ...found.snapshot, description } }
      state.snapshots = state.snapshots.map((one) => (one === found ? changed : one))
    })
  }

  removeSnapshot(vm: Vm, snapshotName: string, options?: CallOptions): Promise<void> {
    return this.#run('removeSnapshot', options, () => {
      const state = this.state(vm.nativeId)
      const copies = copiesOf(this.#vms.values(), vm.nativeId)
      if (overlaysOn(state, snapshotName) > 1 || copies.some(({ copyOf }) => copyOf?.snapshotName === snapshotName)) {
        throw new StillshotError('snapshot-has-branches', `snapshot ${snapshotName} of ${state.name} has branches`)
      }
      forget(state, snapshotName)
    })
  }

  checkRollBack(vm: Vm, snapshotName: string, options?: CallOptions): Promise<readonly Finding[]> {
    return this.#run('checkRollBack', options, () => {
      const { snapshot } = this.#snapshot(this.state(vm.nativeId), snapshotName)
      return snapshot.memory ? [runsOn(snapshotName)] : []
    })
  }

  rollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<void> {
    return this.#run('rollBack', options, () => {
      const state = this.state(vm.nativeId)
      if (state.rolledBack.has(request.token)) return
      const { snapshot, contents } = this.#snapshot(state, request.snapshotName)
      if (!this.capabilities.rollBackToAny && state.snapshots.at(-1)?.snapshot !== snapshot) {
        throw new StillshotError('not-supported', `${request.snapshotName} is not the newest snapshot`)
      }
      this.#setPower(state, 'off')
      state.contents.clear()
      for (const [disk, content] of contents) state.contents.set(disk, content)
      state.current = request.snapshotName
      state.rolledBack.add(request.token)
      this.#options.onRollBack?.(this.#vm(state), snapshot)
      if (snapshot.memory) this.#setPower(state, 'running')
    })
  }

  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<'rolled-back' | 'untouched'> {
    return this.#run('settleRollBack', options, () =>
      this.state(vm.nativeId).rolledBack.has(request.token) ? 'rolled-back' : 'untouched',
    )
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#run('powerOn', options, () => this.#setPower(this.state(vm.nativeId), 'running'))
  }

  power(vm: Vm, options?: CallOptions): Promise<PowerState> {
    return this.#run('power', options, () => this.state(vm.nativeId).power)
  }

  watch(vm: Vm, signal: AbortSignal): AsyncIterable<VmEvent> {
    return this.#events.watch(vm.nativeId, signal)
  }

  /** An event of the hypervisor's own, such as a migration. */
  emit(nativeId: string, kind: VmEvent['kind'], detail: string): void {
    this.#emit(this.state(nativeId), kind, detail)
  }

  byHand(vm: Vm, act: ActByHand, snapshotName: string): string {
    return `fake ${act} ${vm.nativeId}${act === 'power-on' ? '' : ` ${shellWord(snapshotName)}`}`
  }

  async close(): Promise<void> {}

  #run<Answer>(call: FakeCall, options: CallOptions | undefined, work: () => Answer): Promise<Answer> {
    this.calls.push(call)
    return this.faults.run(call, options, work)
  }

  readonly #backups = (vm: Vm, { fromMs, toMs }: { fromMs: number; toMs: number }, options?: CallOptions) =>
    this.#run('listBackups', options, (): readonly Backup[] =>
      this.state(vm.nativeId).backups.filter(({ createdAt }) => {
        const createdMs = parseInstant(createdAt)
        return createdMs >= fromMs && createdMs <= toMs
      }),
    )

  #vm(state: FakeVm): Vm {
    const { nativeId, name, uuid, power, macs, disks } = state
    return { hypervisor: this.name, nativeId, name, uuid, power, macs, disks }
  }

  #snapshot(state: FakeVm, name: string): FakeSnapshot {
    const found = state.snapshots.find(({ snapshot }) => snapshot.name === name)
    if (found === undefined) throw new StillshotError('snapshot-not-found', `${state.name} has no snapshot ${name}`)
    return found
  }

  #setPower(state: FakeVm, power: PowerState): void {
    if (state.power === power) return
    state.power = power
    this.#options.onPower?.(this.#vm(state), power)
    this.#emit(state, power === 'running' ? 'started' : 'stopped', power)
  }

  #emit(state: FakeVm, kind: VmEvent['kind'], detail: string): void {
    this.#events.emit(state.nativeId, { at: formatInstant(this.#options.clock.now()), kind, detail })
  }
}

function runsOn(snapshotName: string): Finding {
  const message = `${snapshotName} holds the memory`
  return { severity: 'warn', code: WITH_MEMORY, message, hint: 'accept it', consent: 'memory' }
}
