import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openSqliteCatalog } from '../../adapters/catalogs/sqlite/sqlite-catalog.ts'
import { nodeSystem } from '../../adapters/system/node-system.ts'
import type { Catalog } from '../../src/catalog/catalog.ts'
import type { GuestUnderTest } from '../labs/guest-under-test.ts'
import { labPaths } from '../labs/paths.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'
import type { Begun } from './begun.ts'
import { configure } from './configure.ts'
import type { Ground } from './ground.ts'
import type { InGuest } from './in-guest.ts'
import { StateDisk } from './state-disk.ts'
import { holdOf, MEASURING_TTL_MS, timeToLive } from './time-to-live.ts'
import { type Told, toldBy } from './told.ts'
import { Watch } from './watch.ts'

/** One guest with its observer, and stillshot configured for it: where cells are played, one after the other. */
export class Scene {
  readonly ground: Ground
  readonly guest: GuestUnderTest
  readonly cli: StillshotCli
  /** A second coordinator with a catalog of its own, on another machine as it were. */
  readonly other: StillshotCli
  readonly watch: Watch
  readonly disk: StateDisk
  /** Of the repository that backups go to. */
  readonly repository: StateDisk
  /** Part of every secret of the configuration; must be found nowhere. */
  readonly canary: string
  /** The server's version. */
  readonly mariadb: string
  /** What the user was told in this cell, command by command. */
  readonly told: Told[] = []
  /** What the last look into the guest saw, when nothing has happened since. */
  lastLook: InGuest | undefined
  /** What is under test, once it runs. */
  begun: Begun | undefined
  /** Of the holds of this guest's cells, as long as it needs on this machine. */
  ttlMs: number
  /** A file whose being there tells a layer that the boundary is passed. */
  readonly triggerPath: string

  private constructor(
    parts: Pick<
      Scene,
      'ground' | 'cli' | 'other' | 'watch' | 'disk' | 'repository' | 'canary' | 'mariadb' | 'triggerPath'
    >,
  ) {
    this.ground = parts.ground
    this.guest = parts.ground.guest
    this.ttlMs = parts.ground.shortestTtlMs
    this.cli = parts.cli
    this.other = parts.other
    this.watch = parts.watch
    this.disk = parts.disk
    this.repository = parts.repository
    this.canary = parts.canary
    this.mariadb = parts.mariadb
    this.triggerPath = parts.triggerPath
  }

  /** Prepares a fresh guest; takes half a minute where it is emulated, and a few seconds where not. The ground is then the scene's. */
  static async make(ground: Ground): Promise<Scene> {
    const canary = `canary${randomBytes(8).toString('hex')}`
    const { guest } = ground
    const folder = join(labPaths().folder, 'faults', guest.name)
    const disk = new StateDisk(join(folder, 'state.img'), join(folder, 'cli', 'state'))
    const repository = new StateDisk(join(folder, 'repository.img'), join(folder, 'repository'))
    await disk.remove()
    await repository.remove()
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const guestFolder = join(import.meta.dirname, 'guest')
    const observer = await readFile(join(guestFolder, 'observer.pl'), 'utf8')
    await guest.run('cat > /root/prepare.sh', { input: await readFile(join(guestFolder, 'prepare.sh'), 'utf8') })
    await guest.run('sh /root/prepare.sh', { input: `${canary}\n${observer}`, timeoutMs: 120_000 })
    const cli = await configure(ground, join(folder, 'cli'), canary)
    const other = await configure(ground, join(folder, 'other'), canary)
    await disk.makeAnew()
    await repository.makeAnew()
    const watch = await Watch.start(await ground.observer())
    const mariadb = (await guest.sql('SELECT VERSION()')).replace(/-MariaDB.*/, '')
    const triggerPath = join(folder, 'trigger')
    const scene = new Scene({ ground, cli, other, watch, disk, repository, canary, mariadb, triggerPath })
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
    this.ttlMs = timeToLive(points[0]?.outage.totalMs ?? MEASURING_TTL_MS, this.ground.shortestTtlMs)
    await this.ground.clean()
    for (const cli of [this.cli, this.other]) {
      const [measuring, playing] = [holdOf(MEASURING_TTL_MS), holdOf(this.ttlMs)]
      const text = await cli.readConfig()
      await cli.writeConfig(text.replace(measuring.hold, playing.hold).replace(measuring.limits, playing.limits))
    }
  }

  /** Empty state, nothing told; the guest is left as it is. */
  async freshen(): Promise<void> {
    this.told.length = 0
    this.begun = undefined
    this.watch.sightings.splice(0, Math.max(0, this.watch.sightings.length - 1))
    this.watch.leaks.length = 0
    this.cli.nodeArguments = []
    this.cli.environment = this.other.environment
    await rm(this.triggerPath, { force: true })
    await this.disk.makeAnew()
    await this.repository.makeAnew()
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

  /** True while the guest's machine is powered off. */
  async isOff(): Promise<boolean> {
    return (await this.guest.power()) === 'shut off'
  }

  async destroy(): Promise<void> {
    await this.watch.stop()
    await this.disk.remove()
    await this.repository.remove()
    await this.ground.destroy()
  }
}
