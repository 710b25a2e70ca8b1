import type { FakeHypervisor } from '../../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { VirtualClock } from '../../../adapters/system/fake/virtual-clock.ts'
import { StillshotError } from '../../../src/errors.ts'
import type { CloneRequest, Clones } from '../../../src/hypervisor/clones.ts'
import type { AgentCommand, AgentCommandEnd, PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { idOfSnapshotName } from '../../../src/hypervisor/snapshot-name.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { Chance } from '../chance.ts'
import { SimulatedGuest } from '../guest/guest.ts'
import type { Identity } from '../guest/words.ts'
import { lost, refused } from '../hypervisor-errors.ts'
import type { Change, ChangeTrouble, HypervisorTroubles } from '../hypervisor-troubles.ts'
import { HypervisorWay } from '../hypervisor-way.ts'
import type { ChangeArrival } from '../machines.ts'

export interface CopyWorld {
  readonly clock: VirtualClock
  readonly chance: Chance
  readonly books: FakeHypervisor
  readonly troubles: HypervisorTroubles
  readonly identity: Identity
  onArrival(arrival: ChangeArrival): void
}

interface Copy {
  readonly vm: Vm
  readonly source: string
  readonly guest: SimulatedGuest
  complete: boolean
}

/** What the identity of a copy ends with, which is no VM's. */
const COPY_UUID = '564d1234-5678-9abc-def0-cccccccccccc'

/**
 * The copies that the hypervisor makes of its VM, each with a guest of its own on the disks of a snapshot, and the agents in them. Making
 * and removing one is a task: it takes time, may die in the middle, goes on when its caller has gone, and its answer may be lost.
 */
export class SimulatedCopies implements Clones {
  readonly #world: CopyWorld
  readonly #way: HypervisorWay
  readonly #copies = new Map<string, Copy>()

  constructor(world: CopyWorld) {
    this.#world = world
    this.#way = new HypervisorWay(world.clock, world.troubles)
  }

  /** All that are there, half made ones too. */
  get names(): readonly string[] {
    return [...this.#copies.keys()]
  }

  get guests(): readonly SimulatedGuest[] {
    return [...this.#copies.values()].map(({ guest }) => guest)
  }

  check(vm: Vm, { snapshotName }: CloneRequest, options?: CallOptions) {
    return this.#way.ask(options, () => {
      this.#contentOf(vm, snapshotName)
      return []
    })
  }

  create(vm: Vm, request: CloneRequest, options?: CallOptions): Promise<void> {
    const { name, snapshotName } = request
    return this.#task('clone', vm, name, options, async (trouble) => {
      if (this.#copies.has(name)) throw refused('clone', `there is a VM ${name} already`)
      const copy = this.#make(vm, name, this.#contentOf(vm, snapshotName))
      this.#copies.set(name, copy)
      await this.#work(trouble)
      if (trouble?.kind === 'half') throw refused('clone', 'the task died')
      copy.complete = true
    })
  }

  find({ nativeId }: Vm, name: string, options?: CallOptions): Promise<Vm | undefined> {
    return this.#way.ask(options, () => {
      const copy = this.#copies.get(name)
      return copy?.complete === true && copy.source === nativeId ? copy.vm : undefined
    })
  }

  remove(vm: Vm, name: string, options?: CallOptions): Promise<void> {
    return this.#task('remove-clone', vm, name, options, async (trouble) => {
      const copy = this.#copies.get(name)
      if (copy === undefined) return
      copy.complete = false
      copy.guest.machine.powerOff()
      await this.#work(trouble)
      if (trouble?.kind === 'half') throw refused('remove-clone', 'the task died')
      this.#copies.delete(name)
    })
  }

  powerOn(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#way.ask(options, () => this.#guestOf(vm).machine.powerOn())
  }

  power(vm: Vm, options?: CallOptions): Promise<PowerState> {
    return this.#way.ask(options, () => (this.#guestOf(vm).machine.isOff ? 'off' : 'running'))
  }

  ping(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#way.ask(options, () => {
      if (!this.#guestOf(vm).machine.isUp) throw refused('ping', `no agent answers in ${vm.name}`)
    })
  }

  async exec(vm: Vm, { argv, stdin = '' }: AgentCommand, options?: CallOptions): Promise<AgentCommandEnd> {
    await this.ping(vm, options)
    const { stdout, stderr } = await this.#guestOf(vm).run(argv, stdin)
    await this.#way.travel(options ?? {})
    return { exitStatus: 0, stdout, stderr }
  }

  #guestOf({ name }: Vm): SimulatedGuest {
    const copy = this.#copies.get(name)
    if (copy === undefined) throw new StillshotError('vm-not-found', `there is no VM ${name}`)
    return copy.guest
  }

  #contentOf({ nativeId, name }: Vm, snapshotName: string): string {
    const there = this.#world.books.state(nativeId).snapshots.find(({ snapshot }) => snapshot.name === snapshotName)
    if (there?.snapshot.complete === true) return there.contents.get('vda') ?? '{}'
    throw new StillshotError('snapshot-not-found', `${name} has no snapshot ${snapshotName}`)
  }

  /** Off, and with the disks of the snapshot. */
  #make(vm: Vm, name: string, content: string): Copy {
    const { clock, chance, identity } = this.#world
    const disk = { clean: false, writes: 1, marker: null, kept: [] }
    const guest = new SimulatedGuest(clock, chance.fork(), { ...identity, uuid: COPY_UUID }, () => disk)
    guest.machine.powerOff()
    Object.assign(disk, JSON.parse(content))
    const machine = { ...vm, nativeId: `copy-${name}`, name, uuid: COPY_UUID, power: 'off', macs: [] } as const
    return { vm: machine, source: vm.nativeId, guest, complete: false }
  }

  async #task(
    change: Change,
    { nativeId }: Vm,
    name: string,
    { signal, timeoutMs }: CallOptions = {},
    work: (trouble: ChangeTrouble | undefined) => Promise<void>,
  ): Promise<void> {
    const { clock, books, troubles, onArrival } = this.#world
    await this.#way.travel(signal === undefined ? {} : { signal })
    const trouble = troubles.take(change)
    onArrival({ change, vm: books.state(nativeId), name, run: idOfSnapshotName(name) })
    const done = trouble?.kind === 'refused' ? Promise.reject(refused(change, 'the task failed')) : work(trouble)
    done.catch(() => {})
    using limit = clock.deadline(timeoutMs ?? 600_000, signal)
    const gone = Promise.withResolvers<never>()
    gone.promise.catch(() => {})
    limit.signal.addEventListener('abort', () => gone.reject(lost(change)), { once: true })
    if (trouble?.kind === 'answer-lost') clock.sleep(trouble.ms).then(() => gone.reject(lost(change)))
    await Promise.race([done, gone.promise])
    if (troubles.unreachableUntilMs > clock.monotonic()) throw lost(change)
  }

  async #work(trouble: ChangeTrouble | undefined): Promise<void> {
    const { clock, troubles } = this.#world
    await clock.sleep(troubles.workMs() * 4 + (trouble?.kind === 'slow' ? trouble.ms : 0))
  }
}
