import { ROOT } from './access/accounts.ts'
import type { Privilege } from './access/privileges.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'
import type { Fault } from './faults.ts'
import { type ConfigLock, checkConfigLock, type Guest, type GuestConfig } from './guests/guest.ts'
import { GUEST_KINDS, type GuestKindName } from './guests/guest-kind.ts'
import { type Certificate, sharedCertificate } from './http/certificate.ts'
import { NodeServer } from './http/node-server.ts'
import type { Machine } from './machines/machine.ts'
import { RELEASE_9 } from './release.ts'
import type { Task } from './tasks/task.ts'
import { REAL_TIMES, type Times } from './times.ts'

export interface StandInOptions extends Partial<Omit<ClusterOptions, 'times'>> {
  /** The product's own where not given. */
  readonly times?: Partial<Times>
  readonly certificate?: Certificate
}

export interface NewGuest {
  readonly vmid: number
  readonly kind?: GuestKindName
  /** The first node unless given. */
  readonly node?: string
  readonly config: GuestConfig
  readonly machine: Machine
  readonly pool?: string
  readonly ha?: boolean
}

const GIB = 1024 ** 3

/** A cluster of Proxmox VE nodes to talk to, with everything that a test does to it behind the API's back. */
export class StandIn {
  readonly cluster: Cluster
  readonly certificate: Certificate
  readonly servers: readonly NodeServer[]

  constructor(cluster: Cluster, certificate: Certificate) {
    this.cluster = cluster
    this.certificate = certificate
    this.servers = [...cluster.nodes.keys()].map((node) => new NodeServer(cluster, node, certificate))
  }

  /** Of the first node. */
  get url(): string {
    return this.server().url
  }

  server(node = this.servers[0]?.node): NodeServer {
    const found = this.servers.find((server) => server.node === node)
    if (found === undefined) throw new Error(`there is no node ${node}`)
    return found
  }

  guest(vmid: number): Guest {
    const found = this.cluster.guests.get(vmid)
    if (found === undefined) throw new Error(`there is no guest ${vmid}`)
    return found
  }

  addGuest({ vmid, kind = 'qemu', node = this.server().node, config, machine, pool, ha = false }: NewGuest): Guest {
    const guest: Guest = {
      vmid,
      kind: GUEST_KINDS[kind],
      node,
      config: { ...config },
      snapshots: new Map(),
      machine,
      startedAt: this.cluster.now(),
      ha,
      ...(pool === undefined ? {} : { pool }),
    }
    this.cluster.guests.set(vmid, guest)
    return guest
  }

  /** Gives a user or a token privileges on a path and below. */
  grant(who: string, path: string, ...privileges: readonly Privilege[]): void {
    this.cluster.accounts.rules.push({ who, path, privileges })
  }

  fault(fault: Fault): void {
    this.cluster.faults.add(fault)
  }

  /** What `qm unlock` does, which only root at the node can. */
  unlock(vmid: number): void {
    delete this.guest(vmid).config.lock
  }

  /** Sets a lock, as a backup or a worker that died leaves it. */
  lock(vmid: number, lock: ConfigLock): void {
    this.guest(vmid).config.lock = lock
  }

  /** A backup by root: a task that holds the lock `backup` for so long, or until the returned function is called. */
  backUp(vmid: number, ms?: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    const guest = this.guest(vmid)
    const request = { node: guest.node, type: 'vzdump', id: String(vmid), who: ROOT }
    checkConfigLock(guest)
    guest.config.lock = 'backup'
    this.cluster.tasks.fork(request, async (worker) => {
      worker.log(`INFO: Starting Backup of VM ${vmid} (${guest.kind.name})`)
      await promise
      delete guest.config.lock
      worker.log(`INFO: Finished Backup of VM ${vmid} (00:00:00)`)
    })
    if (ms !== undefined) setTimeout(resolve, ms).unref()
    return resolve
  }

  /** Somebody holds the flock of the guest's configuration for so long, or until the returned function is called. */
  holdFlock(vmid: number, ms?: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    const guest = this.guest(vmid)
    void this.cluster.lockFile(guest.node, guest.kind.lockFile(vmid), undefined, () => promise)
    if (ms !== undefined) setTimeout(resolve, ms).unref()
    return resolve
  }

  /** The guest is on another node from now on, as after a live migration. */
  migrate(vmid: number, node: string): void {
    this.guest(vmid).node = this.server(node).node
  }

  /**
   * The node is gone from the network: its own server answers nothing, and the others say 595. With `crashed`, its
   * workers are dead, and what they had half done stays so.
   */
  async nodeDown(node: string, options: { crashed?: boolean } = {}): Promise<void> {
    const entry = this.cluster.nodes.get(node)
    if (entry) entry.online = false
    if (options.crashed) this.cluster.tasks.nodeDied(node)
    await this.server(node).close()
  }

  async nodeUp(node: string): Promise<void> {
    const entry = this.cluster.nodes.get(node)
    if (entry) entry.online = true
    await this.server(node).listen()
  }

  /** The tasks of a type, the oldest first; of all types unless given. */
  tasks(type?: string): readonly Task[] {
    return this.cluster.tasks.all.filter((task) => type === undefined || task.type === type)
  }

  /** Safe twice. */
  async close(): Promise<void> {
    for (const task of this.tasks()) this.cluster.tasks.kill(task.upid)
    await Promise.all(this.servers.map((server) => server.close()))
  }
}

/** Starts it on free ports of 127.0.0.1, with `root@pam` whose password is `root`, unless told otherwise. */
export async function openStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const cluster = new Cluster({
    nodes: ['pve1'],
    users: [{ user: 'root@pam', password: 'root' }],
    tokens: [],
    rules: [],
    storages: [
      { name: 'local', type: 'dir', config: { path: '/var/lib/vz' }, totalBytes: 100 * GIB, usedBytes: 20 * GIB },
    ],
    now: Date.now,
    release: RELEASE_9,
    ...options,
    times: { ...REAL_TIMES, ...options.times },
  })
  const standIn = new StandIn(cluster, options.certificate ?? (await sharedCertificate()))
  for (const server of standIn.servers) await server.listen(0)
  return standIn
}
