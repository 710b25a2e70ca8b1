import { AgentShells } from '../../adapters/guests/agent/agent-shells.ts'
import { FakeHypervisor } from '../../adapters/hypervisors/fake/fake-hypervisor.ts'
import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import type { Ports, VmSettings } from '../../src/coordinator/ports.ts'
import { StillshotError } from '../../src/errors.ts'
import type { GuestAgent, PowerState, Snapshot } from '../../src/hypervisor/hypervisor.ts'
import type { Log } from '../../src/log/log.ts'
import { modelApplication } from '../world/model-application.ts'
import { BackupHost } from './backup/backup-host.ts'
import { catalogOf } from './catalog-of.ts'
import { Chance } from './chance.ts'
import { agentOf, CopyGuests } from './copy-guests.ts'
import { CountedMap } from './counted-map.ts'
import { FLAVOURS } from './flavour.ts'
import type { FreezingJob } from './freezing/freezing-job.ts'
import type { GuestFreezes } from './guest/freezes.ts'
import { SimulatedGuest } from './guest/guest.ts'
import { NO_HELPER_TROUBLES } from './guest/helper-parts.ts'
import { freshDisk, type GuestDisk } from './guest/machine.ts'
import { NO_STREAM_TROUBLES } from './guest/restores.ts'
import { NO_TROUBLES } from './guest/server.ts'
import { Host } from './host.ts'
import { HostClock } from './host-clock.ts'
import { SimulatedHypervisor } from './hypervisor.ts'
import { HypervisorTroubles } from './hypervisor-troubles.ts'
import type { Ending } from './invariant.ts'
import type { ChangeArrival } from './machines.ts'
import { Network } from './network.ts'
import type { SimulatedProcess } from './process.ts'
import { SimulatedRepository } from './repository.ts'
import { settingsOf } from './settings.ts'
import { Timeline } from './timeline.ts'
import { type Truth, truthKey } from './truth.ts'

/** A request that changes something, in the moment in which it arrives. */
export type Arrival =
  | ({ readonly at: 'hypervisor' } & ChangeArrival)
  | { readonly at: 'guest'; readonly verb: string; readonly words: readonly string[]; readonly by: Caller }

/** The process that asked, which may have ended meanwhile. */
export interface Caller {
  readonly host: Host
  readonly process: SimulatedProcess
}

export const VM = 'db1'
export const STATE = '/state'
export const HOLD_TTL_MS = 60_000
/** Configured wherever a secret can be, and never to be seen again. */
export const CANARY = 'canary-7Q2xZ'

const IDENTITY = {
  uuid: '564d1234-5678-9abc-def0-112233445566',
  mac: '52:54:00:00:00:01',
  sha256: 'a'.repeat(64),
  diskSerial: 'root-disk',
  diskBytes: 1024 ** 3,
}

/** What the hypervisor asks to freeze the guest, and its patience with that. */
export const AGENT = 'qemu-guest-agent'
const AGENT_LIMIT_MS = 120_000

const OTHER = { uuid: '564d1234-5678-9abc-def0-ffffffffffff', mac: '52:54:00:00:00:02' }

function powerOf({ isOff, isPaused }: { readonly isOff: boolean; readonly isPaused: boolean }): PowerState {
  return isOff ? 'off' : isPaused ? 'paused' : 'running'
}

/** One VM with its guest, its hypervisor, the hosts of stillshot and everything between them, all made from one seed. */
export class World {
  readonly seed: number
  readonly chance: Chance
  readonly clock = new VirtualClock()
  readonly timeline: Timeline
  readonly guest: SimulatedGuest
  /** Another machine of the same kind, which nobody named. */
  readonly other: SimulatedGuest
  readonly hypervisor: SimulatedHypervisor
  /** The hypervisor's own books, for whoever does not go through its API. */
  readonly books: FakeHypervisor
  readonly copies: CopyGuests
  readonly network: Network
  readonly backups = new BackupHost(this.clock)
  readonly hosts: readonly Host[]
  readonly repository = new SimulatedRepository(this.clock)
  /** By name of the snapshot, or of the archive. */
  readonly truths = new CountedMap<string, Truth>()
  /** By name of a snapshot of ours: the run that asked for it, which is the hold that it may be taken in. */
  readonly takenBy = new Map<string, string>()
  /** Names of the snapshots that people took, and have not removed. */
  readonly foreignSnapshots = new Set<string>()
  /** Names of the snapshots of ours that people removed. */
  readonly removedByPeople = new Set<string>()
  /** What the log said, for the check of secrets. */
  readonly logged: string[] = []
  /** The job of somebody else's that freezes the guest from inside, while it does. */
  freezing: FreezingJob | undefined
  /** The names under which the copies were made whose removal somebody has ordered. */
  readonly copiesToGo = new Set<string>()
  /** When somebody last removed a snapshot that was not ours. */
  forgottenAtMs = Number.NEGATIVE_INFINITY
  /** Somebody has switched the VM off, and will switch it on again. */
  offByPeople = false
  /** As it is on the hypervisor's storage. */
  readonly #disk = freshDisk()
  /** The mark of half restored databases lies on a disk that no snapshot has. */
  readonly markLiesApart: boolean
  /** Nobody gets the database’s password from the vault. */
  vaultIsAway = false
  onArrival: (arrival: Arrival) => void = () => {}
  onTold: (ending: Ending) => void = () => {}
  /** Something has happened at which something else may happen: a timer has fired, a port is called. */
  onEvent: () => void = () => {}

  constructor(seed: number, { kept = false } = {}) {
    this.seed = seed
    this.chance = new Chance(seed)
    this.timeline = new Timeline(this.clock, { kept })
    const disk = this.#disk
    this.guest = new SimulatedGuest(this.clock, this.chance.fork(), IDENTITY, () => disk)
    const otherDisk = { ...disk }
    this.other = new SimulatedGuest(this.clock, this.chance.fork(), { ...IDENTITY, ...OTHER }, () => otherDisk)
    const { machine } = this.guest
    const { uuid, mac, diskSerial: serial, diskBytes: sizeBytes } = IDENTITY
    const flavour = this.chance.pick(FLAVOURS)
    const disks = ['vda', ...flavour.moreDisks].map((id, unit) => {
      const isOfData = unit === 0
      return { id, bus: 'virtio', serial: isOfData ? serial : id, unit, sizeBytes, covered: true }
    })
    this.books = new FakeHypervisor({
      clock: this.clock,
      vms: [{ nativeId: VM, uuid, macs: [mac], disks }, { nativeId: 'db2' }],
    })
    const machines = {
      content: () => JSON.stringify(disk),
      putBack: (_: unknown, content: string) =>
        Object.assign(disk, JSON.parse(content), this.markLiesApart ? { half: disk.half } : {}),
      powerOff: () => machine.powerOff(),
      powerOn: (vm: FakeVm) => {
        if (vm.copyOf === undefined) machine.powerOn()
        else this.copies.boot(vm)
      },
      power: (vm: FakeVm) => (vm.copyOf === undefined ? powerOf(machine) : vm.power),
      freeze: () => this.askAgent((freezes) => freezes.freeze(AGENT)),
      thaw: () => this.askAgent((freezes) => freezes.thaw(AGENT)),
      stun: async (ms: number) => {
        machine.pause()
        await this.clock.sleep(ms)
        machine.resume()
      },
      onArrival: (arrival: ChangeArrival) => this.#arrived({ at: 'hypervisor', ...arrival }),
      onPointInTime: (_: unknown, name: string, complete: boolean) => this.#pointInTime(name, disk, complete),
    }
    const troubles = new HypervisorTroubles(this.chance.fork())
    this.hypervisor = new SimulatedHypervisor(this.books, { clock: this.clock, machines, troubles, flavour })
    machine.onEnd(() => this.hypervisor.frozen.delete(VM))
    const { clock, books } = this
    this.copies = new CopyGuests({ clock, books, chance: this.chance.fork(), troubles, identity: IDENTITY })
    this.network = new Network(this.clock, this.chance.fork(), this)
    this.hosts = this.#makeHosts()
    this.markLiesApart = this.chance.happens(0.5)
  }

  /** What the processes of this host are given. */
  portsOf(host: Host, process: SimulatedProcess): Ports {
    const say = (message: string, fields?: Readonly<Record<string, unknown>>) => {
      if (!process.alive) return
      const line = `${message} ${fields === undefined ? '' : JSON.stringify(fields)}`
      this.logged.push(line)
      this.timeline.say(this.nameOf(process), () => `log: ${line}`)
    }
    const log: Log = { error: say, warn: say, info: () => {}, debug: () => {} }
    const hypervisor = Object.defineProperties(process.guard(this.hypervisor), {
      clones: { value: process.guard(this.hypervisor.clones) },
      guestAgent: { value: agentOf(process.guard(this.copies), this.hypervisor.guestAgent) },
    })
    const shells = this.network.shells((verb, words) =>
      this.#arrived({ at: 'guest', verb, words, by: { host, process } }),
    )
    return {
      system: {
        clock: process.guard(new HostClock(this.clock, host)),
        randomness: this.chance.fork(),
        files: process.guard(host.files),
        processes: host.processesAsSeenBy(process),
      },
      hypervisor,
      agentShells: async (vm) =>
        new AgentShells({ clock: new HostClock(this.clock, host), agent: hypervisor.guestAgent as GuestAgent, vm }),
      shells: process.guard(shells),
      catalog: process.guard(catalogOf(host)),
      application: modelApplication,
      repositories: this.repository.portOf(process),
      log,
      progress: {
        phase: ({ phase, state }) => {
          if (process.alive) this.timeline.say(this.nameOf(process), () => `${phase} ${state}`)
        },
      },
      stateDirectory: STATE,
      helper: { content: '', sha256: IDENTITY.sha256, olderSha256: [] },
    }
  }

  readonly settings: VmSettings = settingsOf(VM, {
    holdTtlMs: HOLD_TTL_MS,
    databasePassword: async () => {
      if (this.vaultIsAway) throw new StillshotError('secret-unreadable', 'the vault does not answer')
      return CANARY
    },
  })

  /** The point in time of a backup: what `job` says of itself decides whether it can be worth anything. */
  onBackedUp(archive: string, { disks, heldBy }: { disks: readonly string[]; heldBy?: string | undefined }): void {
    const { clean, marker } = this.#disk
    const stoppedAndSynced =
      disks.length > 0 && clean && heldBy !== undefined && marker?.startsWith(`${heldBy} `) === true
    this.truths.set(archive, { stoppedAndSynced })
    this.timeline.say('hypervisor', () => `point in time of ${archive}: ${JSON.stringify({ clean, marker })}`)
  }

  /** The point in time of somebody else's snapshot; what its disks hold. */
  onForeignSnapshot({ name: snapshot, createdAt }: Snapshot): string {
    const { clean, marker } = this.#disk
    const [hold = ''] = marker?.split(' ') ?? []
    this.truths.set(truthKey({ kind: 'foreign', snapshot, createdAt }), {
      stoppedAndSynced: clean && hold !== '',
      hold,
    })
    this.timeline.say('hypervisor', () => `point in time of ${snapshot}: ${JSON.stringify({ clean, marker })}`)
    return JSON.stringify(this.#disk)
  }

  /** An agent that does not answer is given up, and one of a machine that is off is not asked. */
  async askAgent(ask: (freezes: GuestFreezes) => Promise<unknown>): Promise<void> {
    const { machine, freezes } = this.guest
    if (machine.isUp) await Promise.race([ask(freezes), this.clock.sleep(AGENT_LIMIT_MS)])
  }

  nameOf({ identity: { host, pid } }: SimulatedProcess): string {
    return `${host} ${pid}`
  }

  /** Nothing is in anybody's way any more. */
  lift(): void {
    this.network.lift()
    this.hypervisor.troubles.lift()
    this.vaultIsAway = false
    this.repository.lift()
    for (const host of this.hosts) host.lift()
    for (const { machine, server, helper } of [this.guest, this.other]) {
      machine.resume()
      Object.assign(server.troubles, NO_TROUBLES)
      Object.assign(helper.troubles, NO_HELPER_TROUBLES)
      Object.assign(helper.restores.troubles, NO_STREAM_TROUBLES)
    }
    if (this.offByPeople) this.guest.machine.powerOn()
  }

  #arrived(arrival: Arrival): void {
    this.timeline.say(arrival.at, () =>
      arrival.at === 'guest' ? `${arrival.verb} ${arrival.words.join(' ')}` : `${arrival.change} ${arrival.name}`,
    )
    if (arrival.at === 'hypervisor' && arrival.change === 'create' && arrival.run !== undefined) {
      this.takenBy.set(arrival.name, arrival.run)
    }
    this.onArrival(arrival)
  }

  /** Of a snapshot of ours: inside the hold of its run, or, in mode freeze, inside one that its freeze took in the guest. */
  #pointInTime(name: string, { clean, marker }: GuestDisk, complete: boolean): void {
    const [hold = ''] = marker?.split(' ') ?? []
    const stoppedAndSynced = complete && clean && (hold === this.takenBy.get(name) || this.guest.freezes.took(hold))
    this.truths.set(name, { stoppedAndSynced, hold, frozen: complete && this.hypervisor.frozen.has(VM) })
    this.timeline.say('hypervisor', () => `point in time of ${name}: ${JSON.stringify({ clean, marker })}`)
  }

  /** One host, two hosts with one catalog, or two with a catalog each. */
  #makeHosts(): readonly Host[] {
    const { chance, clock } = this
    const first = new Host('one', { clock, chance: chance.fork() })
    const kind = chance.pick(['alone', 'alone', 'shared', 'apart'])
    if (kind === 'alone') return [first]
    const { catalog } = first
    return [first, new Host('two', { clock, chance: chance.fork(), ...(kind === 'shared' ? { catalog } : {}) })]
  }
}
