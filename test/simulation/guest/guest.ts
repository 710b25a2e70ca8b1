import type { VirtualClock } from '../../../adapters/system/fake/virtual-clock.ts'
import type { CommandResult } from '../../../src/guest/guest-shell.ts'
import type { Chance } from '../chance.ts'
import { carryOut } from './carry-out.ts'
import { GuestFreezes } from './freezes.ts'
import { SimulatedHelper } from './helper.ts'
import { type GuestDisk, GuestMachine } from './machine.ts'
import { GuestRestores } from './restores.ts'
import { GuestServer } from './server.ts'
import type { Identity } from './words.ts'

/** A guest: its machine, its server, and the helper that stillshot calls over SSH. */
export class SimulatedGuest {
  readonly machine: GuestMachine
  readonly server: GuestServer
  readonly helper: SimulatedHelper
  readonly freezes: GuestFreezes

  constructor(clock: VirtualClock, chance: Chance, identity: Identity, diskOf: () => GuestDisk) {
    this.machine = new GuestMachine(clock, chance.fork(), diskOf)
    this.server = new GuestServer(this.machine, chance.fork())
    const webRuns = chance.happens(0.5)
    const { machine, server } = this
    this.helper = new SimulatedHelper({ machine, server, chance: chance.fork(), identity, webRuns })
    const { helper } = this
    this.freezes = new GuestFreezes({ helper, machine, clock, chance: chance.fork() })
  }

  /** A hold from inside whose watchdog is gone: when its job is gone, too, nobody is left who knows of it. */
  get isHeldByNobody(): boolean {
    return this.helper.holds.some(({ id, watchdog }) => watchdog === 'missing' && this.freezes.took(id))
  }

  /** Runs what arrives over SSH; never settles when the machine goes away under it. */
  async run(argv: readonly string[], stdin: string): Promise<CommandResult> {
    const [verb = '', ...words] = argv.slice(argv.indexOf('/usr/local/sbin/stillshot-guest') + 1)
    if (GuestRestores.streams(verb)) return this.helper.restores.stream(verb, words, stdin)
    const freezes = verb === 'kept' || verb === 'forget'
    const stdout = await (freezes ? this.freezes.carryOut(verb, words) : carryOut(this.helper, [verb, ...words], stdin))
    return { exitStatus: 0, stdout, stderr: '' }
  }
}
