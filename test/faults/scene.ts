import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { LibvirtHypervisor } from '../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import { nodeSystem } from '../../adapters/system/node-system.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { runCommand } from '../labs/command.ts'
import type { Lab } from '../labs/lab.ts'
import type { LabGuest } from '../labs/lab-guest.ts'
import { StillshotCli } from '../labs/stillshot-cli.ts'
import type { InGuest } from './in-guest.ts'
import { snapshotNames } from './leaks.ts'
import { StateDisk } from './state-disk.ts'
import { holdOf, MEASURING_TTL_MS, SHORTEST_TTL_MS, timeToLive } from './time-to-live.ts'
import { type Told, toldBy } from './told.ts'
import { Watch } from './watch.ts'

/** One guest with its observer, and stillshot configured for it: where cells are played, one after the other. */
export class Scene {
  readonly lab: Lab
  readonly guest: LabGuest
  readonly cli: StillshotCli
  /** A second coordinator with a catalog of its own, on another machine as it were. */
  readonly other: StillshotCli
  readonly watch: Watch
  readonly disk: StateDisk
  /** Part of every secret of the configuration; must be found nowhere. */
  readonly canary: string
  /** The server's version. */
  readonly mariadb: string
  /** What the user was told in this cell, command by command. */
  readonly told: Told[] = []
  /** What the last look into the guest saw, when nothing has happened since. */
  lastLook: InGuest | undefined
  /** The process under test, once it runs. */
  child: ChildProcess | undefined
  /** Of the holds of this guest's cells, as long as it needs on this machine. */
  ttlMs = SHORTEST_TTL_MS
  /** A file whose being there tells a layer that the boundary is passed. */
  readonly triggerPath: string

  private constructor(
    parts: Pick<Scene, 'lab' | 'guest' | 'cli' | 'other' | 'watch' | 'disk' | 'canary' | 'mariadb' | 'triggerPath'>,
  ) {
    this.lab = parts.lab
    this.guest = parts.guest
    this.cli = parts.cli
    this.other = parts.other
    this.watch = parts.watch
    this.disk = parts.disk
    this.canary = parts.canary
    this.mariadb = parts.mariadb
    this.triggerPath = parts.triggerPath
  }

  /** A fresh guest of this name, prepared; takes half a minute. */
  static async make(lab: Lab, name: string): Promise<Scene> {
    const canary = `canary${randomBytes(8).toString('hex')}`
    const folder = join(lab.folder, 'faults', name)
    const disk = new StateDisk(join(folder, 'state.img'), join(folder, 'cli', 'state'))
    await disk.remove()
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const guest = await lab.guest(name)
    await prefer(guest)
    const guestFolder = join(import.meta.dirname, 'guest')
    const observer = await readFile(join(guestFolder, 'observer.pl'), 'utf8')
    await guest.run('cat > /root/prepare.sh', { input: await readFile(join(guestFolder, 'prepare.sh'), 'utf8') })
    await guest.run('sh /root/prepare.sh', { input: `${canary}\n${observer}`, timeoutMs: 120_000 })
    const cli = await configure(lab, guest, join(folder, 'cli'), canary)
    const other = await configure(lab, guest, join(folder, 'other'), canary)
    await disk.makeAnew()
    const watch = await Watch.start(guest.consolePath)
    const mariadb = (await guest.sql('SELECT VERSION()')).replace(/-MariaDB.*/, '')
    const triggerPath = join(folder, 'trigger')
    const scene = new Scene({ lab, guest, cli, other, watch, disk, canary, mariadb, triggerPath })
    await cli.installHelper(guest)
    await scene.#measure()
    return scene
  }

  /** One run without any fault says what a hold of this guest takes; nothing of it stays. */
  async #measure(): Promise<void> {
    const { points } = await this.cli.json<{ points: readonly { outage: { totalMs: number } }[] }>(
      'snapshot',
      this.cli.vm,
    )
    this.ttlMs = timeToLive(points[0]?.outage.totalMs ?? MEASURING_TTL_MS)
    await this.hypervisor(async (hypervisor) => {
      const vm = await hypervisor.findVm(this.guest.domain)
      for (const name of (await snapshotNames(this)).toReversed()) await hypervisor.removeSnapshot(vm, name)
    })
    for (const cli of [this.cli, this.other]) {
      const [measuring, playing] = [holdOf(MEASURING_TTL_MS), holdOf(this.ttlMs)]
      const text = await cli.readConfig()
      await cli.writeConfig(text.replace(measuring.hold, playing.hold).replace(measuring.limits, playing.limits))
    }
  }

  /** Empty state, nothing told; the guest is left as it is. */
  async freshen(): Promise<void> {
    this.told.length = 0
    this.child = undefined
    this.watch.sightings.splice(0, Math.max(0, this.watch.sightings.length - 1))
    this.watch.leaks.length = 0
    this.cli.nodeArguments = []
    this.cli.environment = this.other.environment
    await rm(this.triggerPath, { force: true })
    await this.disk.makeAnew()
    await rm(this.other.stateDirectory, { recursive: true, force: true })
  }

  /** Runs a command to its end and gives what it told. */
  async tell(args: readonly string[], cli: StillshotCli = this.cli): Promise<Told> {
    return toldBy(args, await cli.run('--json', '--verbose', ...args))
  }

  /** Looks into the catalog of a coordinator, the first one's unless given. */
  async catalog<T>(work: (catalog: Catalog) => Promise<T>, cli: StillshotCli = this.cli): Promise<T> {
    const { clock } = nodeSystem()
    const catalog = await openSqliteCatalog({ path: join(cli.stateDirectory, 'catalog.sqlite'), clock })
    try {
      return await work(catalog)
    } finally {
      await catalog.close()
    }
  }

  /** The hypervisor itself, behind stillshot's back. */
  async hypervisor<T>(work: (hypervisor: LibvirtHypervisor) => Promise<T>): Promise<T> {
    const hypervisor = new LibvirtHypervisor({ name: 'lab', uri: this.lab.uri })
    try {
      return await work(hypervisor)
    } finally {
      await hypervisor.close()
    }
  }

  /** True while the guest's machine is powered off. */
  async isOff(): Promise<boolean> {
    return (await this.lab.virsh(['domstate', this.guest.domain])).trim() === 'shut off'
  }

  async destroy(): Promise<void> {
    await this.watch.stop()
    await this.disk.remove()
    await this.guest.destroy()
  }
}

/** An emulated guest that waits for a processor is slower than any forecast: it goes before what else this machine does. */
async function prefer({ domain }: LabGuest): Promise<void> {
  const pid = Number(await readFile(`/run/libvirt/qemu/${domain}.pid`, 'utf8').catch(() => ''))
  if (pid === 0) return
  // Where sessions share the processors evenly, all guests of one libvirtd are one session.
  await writeFile(`/proc/${pid}/autogroup`, '-8').catch(() => {})
  // Each processor of the guest is a thread of its own.
  for (const thread of await readdir(`/proc/${pid}/task`)) setPriority(Number(thread), -10)
}

/** stillshot for this guest, with the canary in every place that takes a secret. */
async function configure(lab: Lab, guest: LabGuest, folder: string, canary: string): Promise<StillshotCli> {
  const cli = await StillshotCli.make(lab, guest, { folder })
  const secret = async (name: string) => {
    await writeFile(join(folder, name), `${canary}${name === 'database' ? '' : name}\n`, { mode: 0o600 })
    return `"file:${name}"`
  }
  const keyPath = join(folder, 'id-user')
  await copyFile(guest.userKeyPath, keyPath)
  await runCommand('ssh-keygen', ['-q', '-p', '-a', '4', '-P', '', '-N', `${canary}passphrase`, '-f', keyPath], {
    timeoutMs: 30_000,
  })
  await writeFile(join(folder, 'passphrase.sh'), `#!/bin/sh\nprintf '${canary}passphrase'\n`, { mode: 0o700 })
  cli.environment = { CANARY_TOKEN: `root@pam!faults=${canary}`, CANARY_PASSWORD: `${canary}password` }
  const { hold, limits } = holdOf(MEASURING_TTL_MS)
  await cli.writeConfig(`hypervisors:
  lab: { kind: libvirt, uri: "${lab.uri}" }
  pve: { kind: proxmox, url: "https://pve.invalid:8006", token: "env:CANARY_TOKEN" }
  vc: { kind: vsphere, url: "https://vc.invalid/sdk", username: faults@vsphere.local, password: "env:CANARY_PASSWORD" }
ssh:
  user: ${guest.user}
  key: id-user
  passphrase: "exec:./passphrase.sh"
  knownHosts: known_hosts
  connectTimeout: 20s
  keepAlive: 3s
profiles:
  faults: { components: [{ dbms: auto, ${limits} }] }
vms:
  ${guest.name}:
    hypervisor: lab
    id: ${guest.domain}
    ssh: { host: ${guest.host}, port: ${guest.sshPort} }
    profile: faults
    hold: ${hold}
    drain: 2s
    database: { user: stillshot, password: ${await secret('database')} }
policies:
  newest: { select: { vms: [${guest.name}] }, schedule: "0 3 * * *", keep: { last: 1 } }
repositories:
  off: { kind: restic, repository: "/nowhere", password: ${await secret('repository')} }
state: { directory: state }
`)
  return cli
}
