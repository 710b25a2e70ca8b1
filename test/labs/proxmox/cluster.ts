import { Accounts, type AccountsOptions } from './access/accounts.ts'
import { Tickets } from './access/tickets.ts'
import { Faults } from './faults.ts'
import type { Guest } from './guests/guest.ts'
import type { GuestKindName } from './guests/guest-kind.ts'
import type { Storage } from './guests/storage.ts'
import { die } from './refusal.ts'
import type { Release } from './release.ts'
import { Flocks } from './tasks/flocks.ts'
import { Tasks } from './tasks/tasks.ts'
import type { WorkerProcess } from './tasks/worker.ts'
import type { Times } from './times.ts'

export interface ClusterNode {
  readonly name: string
  /** False: gone from the network. */
  online: boolean
}

export interface ClusterOptions extends Pick<AccountsOptions, 'users' | 'tokens' | 'rules'> {
  readonly nodes: readonly string[]
  readonly storages: readonly Storage[]
  readonly times: Times
  readonly release: Release
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Everything that the nodes of the stand-in know in common. */
export class Cluster {
  readonly nodes: ReadonlyMap<string, ClusterNode>
  readonly guests = new Map<number, Guest>()
  readonly storages: Map<string, Storage>
  readonly accounts: Accounts
  readonly faults = new Faults()
  readonly flocks = new Flocks()
  readonly tasks: Tasks
  readonly times: Times
  readonly release: Release
  readonly now: () => number

  constructor(options: ClusterOptions) {
    const { now, times } = options
    this.now = now
    this.times = times
    this.release = options.release
    this.nodes = new Map(options.nodes.map((name) => [name, { name, online: true }]))
    this.storages = new Map(options.storages.map((storage) => [storage.name, storage]))
    this.tasks = new Tasks({ faults: this.faults, flocks: this.flocks, now })
    this.accounts = new Accounts({
      users: options.users,
      tokens: options.tokens,
      rules: options.rules,
      tickets: new Tickets({ now, validMs: times.ticketMs }),
      now,
      poolOf: (vmid) => this.guests.get(Number(vmid))?.pool,
    })
  }

  /** The guest whose configuration lies on this node; dies as the product does when it lies elsewhere or nowhere. */
  guestOn(node: string, kind: GuestKindName, vmid: string): Guest {
    const guest = this.guests.get(Number(vmid))
    if (guest !== undefined && guest.node === node && guest.kind.name === kind) return guest
    const folder = kind === 'qemu' ? 'qemu-server' : 'lxc'
    die(`Configuration file 'nodes/${node}/${folder}/${vmid}.conf' does not exist`)
  }

  /** Runs `work` under the flock of the guest's configuration, for a task or for a call that has none. */
  async lockConfig<Result>(guest: Guest, owner: WorkerProcess | undefined, work: () => Result): Promise<Result> {
    const file = guest.kind.lockFile(guest.vmid)
    return this.lockFile(guest.node, file, owner, async () => work())
  }

  /** Runs `work` under the flock of a file. The waits of a task are in its log. */
  lockFile<Result>(
    node: string,
    file: string,
    owner: WorkerProcess | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    return this.flocks.hold(
      {
        node,
        file,
        owner: owner ?? {},
        timeoutMs: this.times.flockMs,
        waiting: () => owner?.log('trying to acquire lock...'),
        taken: () => owner?.log(' OK'),
      },
      work,
    )
  }
}
