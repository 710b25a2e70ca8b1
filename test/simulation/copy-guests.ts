import type { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import type { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import type { AgentCommand, AgentCommandEnd, GuestAgent, Vm } from '../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../src/system/clock.ts'
import type { Chance } from './chance.ts'
import { SimulatedGuest } from './guest/guest.ts'
import { freshDisk } from './guest/machine.ts'
import type { Identity } from './guest/words.ts'
import { refused } from './hypervisor-errors.ts'
import type { HypervisorTroubles } from './hypervisor-troubles.ts'
import { HypervisorWay } from './hypervisor-way.ts'

interface CopyWorld {
  readonly clock: VirtualClock
  readonly chance: Chance
  readonly books: FakeHypervisor
  readonly troubles: HypervisorTroubles
  readonly identity: Identity
}

/** What is in the copies that run: each has a guest of its own on the disks of its snapshot, and an agent in it that runs programs. */
export class CopyGuests {
  readonly #world: CopyWorld
  readonly #way: HypervisorWay
  readonly #guests = new Map<string, { readonly state: FakeVm; readonly guest: SimulatedGuest }>()

  constructor(world: CopyWorld) {
    this.#world = world
    this.#way = new HypervisorWay(world.clock, world.troubles)
  }

  /** Those whose copy is there and on. */
  get running(): readonly SimulatedGuest[] {
    return [...this.#guests.values()].flatMap(({ state, guest }) => (this.#isOn(state) ? [guest] : []))
  }

  boot(state: FakeVm): void {
    const { guest } = this.#guests.get(state.nativeId) ?? this.#make(state)
    state.power = 'running'
    guest.machine.powerOn()
  }

  /** The copy ends by itself. */
  end(guest: SimulatedGuest): void {
    for (const { state, guest: other } of this.#guests.values()) if (other === guest) state.power = 'off'
    guest.machine.powerOff()
  }

  ping(vm: Vm, options?: CallOptions): Promise<void> {
    return this.#way.ask(options, () => {
      this.#guestOf(vm)
    })
  }

  async exec(vm: Vm, { argv, stdin = '' }: AgentCommand, options: CallOptions = {}): Promise<AgentCommandEnd> {
    await this.ping(vm, options)
    const { stdout, stderr } = await this.#guestOf(vm).run(argv, stdin)
    await this.#way.travel(options)
    return { exitStatus: 0, stdout, stderr }
  }

  #guestOf({ nativeId, name }: Vm): SimulatedGuest {
    const of = this.#guests.get(nativeId)
    if (of === undefined || !this.#isOn(of.state) || !of.guest.machine.isUp) {
      throw refused('ask the agent', `no agent answers in ${name}`)
    }
    return of.guest
  }

  #isOn(state: FakeVm): boolean {
    const isThere = this.#world.books.copyStates(state.copyOf?.nativeId ?? '').includes(state)
    return isThere && state.power === 'running'
  }

  /** Off, and with the disks of the snapshot. */
  #make(state: FakeVm) {
    const { clock, chance, identity } = this.#world
    const disk = freshDisk()
    const guest = new SimulatedGuest(clock, chance.fork(), { ...identity, uuid: state.uuid }, () => disk)
    guest.machine.powerOff()
    Object.assign(disk, JSON.parse(state.contents.get('vda') ?? '{}'))
    const made = { state, guest }
    this.#guests.set(state.nativeId, made)
    return made
  }
}

/** The hypervisor's agent as a process has it: it runs programs in copies, too. */
export function agentOf(copies: CopyGuests, { ping, freeze, thaw }: GuestAgent): GuestAgent {
  const exec: GuestAgent['exec'] = (vm, command, options) => copies.exec(vm, command, options)
  const pingAny: GuestAgent['ping'] = (vm, options) => (isCopy(vm) ? copies.ping(vm, options) : ping(vm, options))
  return { ping: pingAny, freeze, thaw, exec }
}

function isCopy({ nativeId }: Vm): boolean {
  return nativeId.startsWith('copy-')
}
