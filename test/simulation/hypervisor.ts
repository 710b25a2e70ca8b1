import type { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import { type FakeVm, forget, overlaysOn } from '../../adapters/hypervisors/fake/fake-vm.ts'
import { StillshotError } from '../../src/errors.ts'
import type {
  ActByHand,
  CreateOptions,
  Hypervisor,
  PowerState,
  RollBackRequest,
  Snapshot,
  SnapshotRequest,
  Vm,
} from '../../src/hypervisor/hypervisor.ts'
import type { CallOptions, Clock } from '../../src/system/clock.ts'
import { formatInstant } from '../../src/system/instant.ts'
import { begunSnapshot } from './begun-snapshot.ts'
import { SimulatedClones } from './clones.ts'
import { type Flavour, plain } from './flavour.ts'
import { FrozenGuests } from './frozen-guests.ts'
import { Caller } from './hypervisor-caller.ts'
import { busy, lockedFinding, lost, refused } from './hypervisor-errors.ts'
import type { Change, ChangeTrouble, HypervisorTroubles } from './hypervisor-troubles.ts'
import { givenUp, HypervisorWay } from './hypervisor-way.ts'
import type { ChangeArrival, Machines } from './machines.ts'
import { markIncomplete } from './mark-incomplete.ts'
import { callingProcess, never, type SimulatedProcess } from './process.ts'
import { VmLocks } from './vm-locks.ts'

type Work<T> = (state: FakeVm, trouble: ChangeTrouble | undefined, caller: Caller) => Promise<T>

/**
 * A hypervisor as the coordinator meets it: questions that travel, changes that are tasks. A task locks its VM, takes time,
 * has its effect in the middle, goes on when its caller has gone, and its answer may be lost on either side of the work.
 */
export class SimulatedHypervisor implements Hypervisor {
  readonly kind = 'simulated'
  readonly name: string
  readonly capabilities: Hypervisor['capabilities']
  readonly troubles: HypervisorTroubles
  readonly #inner: FakeHypervisor
  readonly #clock: Clock
  readonly #machines: Machines
  readonly frozen = new FrozenGuests()
  readonly guestAgent = this.frozen.agent({
    travel: (options, look) => this.#way.ask(options, look),
    runs: (nativeId) => this.#runs(this.#inner.state(nativeId)),
  })
  readonly clones = new SimulatedClones({
    books: () => this.#inner,
    ask: (options, look) => this.#way.ask(options, look),
    change: (asked, options, work) => this.#change(asked, options, (_, trouble) => work(trouble)),
    halfOf: (trouble) => this.#work(trouble),
  })
  readonly #locks: VmLocks
  readonly #way: HypervisorWay
  readonly #flavour: Flavour
  /** Names of the snapshots that a task removes, or makes, just now. */
  readonly #removing = new Set<string>()
  readonly #making = new Set<string>()

  constructor(
    inner: FakeHypervisor,
    parts: { clock: Clock; machines: Machines; troubles: HypervisorTroubles; flavour?: Flavour },
  ) {
    this.#inner = inner
    this.name = inner.name
    this.capabilities = inner.capabilities
    this.#clock = parts.clock
    this.#machines = parts.machines
    this.#flavour = parts.flavour ?? plain
    this.#locks = new VmLocks(parts.clock)
    this.troubles = parts.troubles
    this.#way = new HypervisorWay(parts.clock, parts.troubles)
  }

  check(options?: CallOptions) {
    return this.#way.ask(options, () => this.#inner.check())
  }

  findVm(reference: string, options?: CallOptions): Promise<Vm> {
    return this.#way.ask(options, async () => {
      const vm = await this.#inner.findVm(reference)
      return { ...vm, power: this.#machines.power(this.#inner.state(vm.nativeId)) }
    })
  }

  listVms(options?: CallOptions) {
    return this.#way.ask(options, () => this.#inner.listVms())
  }

  countUuid(uuid: string, options?: CallOptions) {
    return this.#way.ask(options, () => this.#inner.countUuid(uuid))
  }

  storage(vm: Vm, options?: CallOptions) {
    return this.#way.ask(options, () => this.#inner.storage(vm))
  }

  checkSnapshot(vm: Vm, options?: CallOptions) {
    return this.#way.ask(options, async () => {
      const findings = await this.#inner.checkSnapshot(vm)
      return this.#locks.has(vm.nativeId) ? [...findings, lockedFinding(vm)] : findings
    })
  }

  createSnapshot(vm: Vm, request: SnapshotRequest, options?: CreateOptions): Promise<Snapshot> {
    const run = / run=(\w+)/.exec(request.description)?.[1]
    return this.#change({ change: 'create', vm, name: request.name, run }, options, async (state, trouble, caller) => {
      const { quiesce = false, ...asked } = request
      const lacksDisk = trouble?.kind === 'lacks-disk'
      const begun = begunSnapshot(state, asked, { createdAt: formatInstant(this.#clock.now()), lacksDisk })
      state.snapshots.push({ snapshot: begun, contents: new Map() })
      if (quiesce && this.#runs(state) && state.agent === 'answers') this.frozen.add(vm.nativeId)
      await this.#work(trouble)
      if (this.#flavour.freezes || quiesce) await this.#machines.freeze()
      const contents = new Map([['vda', this.#machines.content(state)]])
      this.#machines.onPointInTime(state, request.name, !lacksDisk)
      const quiesced = this.frozen.has(vm.nativeId)
      await this.#stun()
      if ((this.#flavour.freezes || quiesce) && trouble?.kind !== 'half') await this.#machines.thaw()
      if (trouble?.kind === 'half') throw refused('create', 'the task died')
      this.frozen.delete(vm.nativeId)
      await this.#clock.sleep(this.troubles.workMs())
      const snapshot = { ...begun, complete: true }
      state.snapshots = state.snapshots.map((one) => (one.snapshot === begun ? { snapshot, contents } : one))
      state.current = request.name
      await caller.told(options?.onMade)
      return quiesce ? { ...snapshot, quiesced } : snapshot
    })
  }

  listSnapshots(vm: Vm, options?: CallOptions): Promise<readonly Snapshot[]> {
    return this.#way.ask(options, async () => {
      const listed = await this.#inner.listSnapshots(vm)
      return this.#flavour.listsUnfinished ? listed : listed.filter(({ name }) => !this.#making.has(name))
    })
  }

  describeSnapshot(vm: Vm, name: string, description: string, options?: CallOptions): Promise<void> {
    return this.#change({ change: 'describe', vm, name }, options, () =>
      this.#inner.describeSnapshot(vm, name, description),
    )
  }

  removeSnapshot(vm: Vm, name: string, options?: CallOptions): Promise<void> {
    return this.#change({ change: 'remove', vm, name }, options, async (state, trouble) => {
      const copies = this.#inner.copyStates(vm.nativeId)
      if (overlaysOn(state, name) > 1 || copies.some(({ copyOf }) => copyOf?.snapshotName === name)) {
        throw new StillshotError('snapshot-has-branches', `snapshot ${name} of ${state.name} has branches`)
      }
      markIncomplete(state, name)
      await this.#work(trouble)
      await this.#stun()
      if (trouble?.kind === 'half') throw refused('remove', 'the task died')
      forget(state, name)
    })
  }

  checkRollBack(vm: Vm, name: string, options?: CallOptions) {
    return this.#way.ask(options, () => this.#inner.checkRollBack(vm, name))
  }

  rollBack(vm: Vm, { snapshotName, token }: RollBackRequest, options?: CallOptions): Promise<void> {
    const arrival = { change: 'roll-back', vm, name: snapshotName, run: token } as const
    return this.#change(arrival, options, async (state, trouble) => {
      if (state.rolledBack.has(token)) return
      const target = state.snapshots.find(({ snapshot }) => snapshot.name === snapshotName)
      if (target?.snapshot.complete !== true) {
        throw new StillshotError('snapshot-not-found', `${state.name} has no snapshot ${snapshotName}`)
      }
      this.#machines.powerOff(state)
      await this.#work(trouble)
      if (trouble?.kind === 'half') throw refused('roll-back', 'the task died with the machine off')
      this.#machines.putBack(state, target.contents.get('vda') ?? '')
      state.current = snapshotName
      state.rolledBack.add(token)
    })
  }

  settleRollBack(vm: Vm, request: RollBackRequest, options?: CallOptions): Promise<'rolled-back' | 'untouched'> {
    return this.#way.ask(options, async () => {
      // How a task ends is known when it has ended.
      await this.#locks.untilFree(vm.nativeId, Number.POSITIVE_INFINITY, options?.signal)
      return this.#inner.settleRollBack(vm, request)
    })
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#change({ change: 'power-on', vm, name: '' }, options, async (state) => this.#machines.powerOn(state))
  }

  power(vm: Vm, options?: CallOptions): Promise<PowerState> {
    return this.#way.ask(options, () => this.#machines.power(this.#inner.state(vm.nativeId)))
  }

  watch(vm: Vm, signal: AbortSignal) {
    return this.#inner.watch(vm, signal)
  }

  byHand(vm: Vm, act: ActByHand, name: string): string {
    return this.#inner.byHand(vm, act, name)
  }

  async close(): Promise<void> {}

  /** Somebody else's task has the VM meanwhile; none begins while it is locked. */
  async lockFor(nativeId: string, work: () => Promise<void>): Promise<void> {
    if (this.#locks.has(nativeId)) return
    this.#locks.take(nativeId)
    try {
      await work()
    } finally {
      this.#locks.free(nativeId)
    }
  }

  #runs(state: FakeVm): boolean {
    return this.#machines.power(state) === 'running'
  }

  async #change<T>(
    asked: { change: Change; vm: Pick<Vm, 'nativeId'>; name: string; run?: string | undefined },
    options: CallOptions = {},
    work: Work<T>,
  ): Promise<T> {
    const { change } = asked
    const caller = callingProcess()
    await this.#way.travel(options)
    await this.#queue(asked.vm, options, caller)
    const trouble = this.troubles.take(change)
    const arrival = { ...asked, vm: this.#inner.state(asked.vm.nativeId), late: trouble?.kind === 'late' }
    const arrived = trouble?.kind === 'late' ? this.#clock.sleep(trouble.ms) : Promise.resolve()
    const waiting = new Caller(() => this.#way.travel({}))
    const done = arrived.then(() => this.#carryOut(arrival, trouble, () => work(arrival.vm, trouble, waiting)))
    done.catch(() => {})
    using limit = this.#clock.deadline(options.timeoutMs ?? 600_000, options.signal)
    const onAbort = () => waiting.goAway(lost(change))
    limit.signal.addEventListener('abort', onAbort, { once: true })
    if (trouble?.kind === 'answer-lost' || trouble?.kind === 'late') {
      this.#clock.sleep(trouble.kind === 'late' ? 200 : trouble.ms).then(onAbort)
    }
    const result = await Promise.race([done, waiting.gone])
    await this.#clock.sleep(this.troubles.travelMs() + this.troubles.upTo(this.#flavour.toldLateMs))
    if (this.troubles.unreachableUntilMs > this.#clock.monotonic()) throw lost(change)
    return result
  }

  async #carryOut<T>(arrival: ChangeArrival, trouble: ChangeTrouble | undefined, work: () => Promise<T>): Promise<T> {
    const { change, vm, name } = arrival
    // The same removal again, and that of a copy that is being made, waits for what is under way, whoever asked for that.
    const waitsFor = change === 'remove' ? this.#removing : change === 'remove-clone' ? this.#making : undefined
    while (waitsFor?.has(name)) await this.#clock.sleep(100)
    if (this.#locks.has(vm.nativeId)) throw busy(vm)
    this.#machines.onArrival(arrival)
    this.#locks.take(vm.nativeId)
    if (change === 'remove') this.#removing.add(name)
    if (change === 'create' || change === 'clone') this.#making.add(name)
    try {
      if (trouble?.kind === 'refused') throw refused(change, 'the task failed')
      return await work()
    } finally {
      this.#letGo(vm, change, trouble)
      this.#removing.delete(name)
      this.#making.delete(name)
    }
  }

  /** A client that waits for the VM has asked for nothing yet: its change never arrives when it gives up, or dies. */
  async #queue(
    { nativeId }: Pick<Vm, 'nativeId'>,
    { signal, timeoutMs }: CallOptions,
    caller?: SimulatedProcess,
  ): Promise<void> {
    const { queuesMs } = this.#flavour
    if (queuesMs === 0) return
    try {
      await this.#locks.untilFree(nativeId, Math.min(queuesMs, timeoutMs ?? queuesMs), signal)
      if (caller?.alive === false) await never()
    } catch (thrown) {
      throw thrown instanceof StillshotError ? thrown : givenUp(thrown)
    }
  }

  #letGo({ nativeId }: FakeVm, change: Change, trouble: ChangeTrouble | undefined): void {
    const { busyAfterRollBackMs, deathLeavesLock } = this.#flavour
    if (trouble?.kind === 'half' && deathLeavesLock) this.#locks.freeAfter(nativeId, this.troubles.upTo(60_000))
    else if (change === 'roll-back') this.#locks.freeAfter(nativeId, this.troubles.upTo(busyAfterRollBackMs))
    else this.#locks.free(nativeId)
  }

  async #stun(): Promise<void> {
    const { stunMs } = this.#flavour
    if (stunMs > 0) await this.#machines.stun(this.troubles.upTo(stunMs))
  }

  /** The first half of a task. */
  async #work(trouble: ChangeTrouble | undefined): Promise<void> {
    await this.#clock.sleep(this.troubles.workMs() + (trouble?.kind === 'slow' ? trouble.ms : 0))
  }
}
