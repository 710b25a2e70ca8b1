import { writeFile } from 'node:fs/promises'
import { type LogLevel, WinstonLog } from '../adapters/log/winston-log.ts'
import { NodeHost } from '../adapters/system/node-host.ts'
import { nodeSystem } from '../adapters/system/node-system.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { App, GlobalOptions, Session } from './cli/app.ts'
import { watchInterrupts } from './cli/interrupts.ts'
import { lazyProcedures } from './cli/procedures.ts'
import { processInput, processTerminal } from './cli/process-terminal.ts'
import { progressDisplay } from './cli/progress.ts'
import { clackPrompts } from './cli/prompts.ts'
import { runCommandLine } from './cli/run.ts'
import type { Terminal } from './cli/terminal.ts'
import { vmSettings } from './cli/vm-settings.ts'
import type { HypervisorEntry, RepositoryEntry, Settings, VmEntry } from './config/settings.ts'
import { StillshotError } from './errors.ts'
import type { GuestShells } from './guest/guest-shell.ts'
import type { Hypervisor, Vm } from './hypervisor/hypervisor.ts'
import type { Log } from './log/log.ts'
import { Redaction } from './log/redaction.ts'
import type { Repository } from './repository/repository.ts'
import { formatInstant } from './system/instant.ts'
import type { System } from './system/system.ts'

/** The composition root: puts the real parts together and runs one command line; sets the exit status of the process. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const terminal = processTerminal()
  const world: World = { system: nodeSystem(), host: new NodeHost(), redaction: new Redaction(), terminal }
  using interrupts = watchInterrupts(process, (text) => terminal.err(text))
  const app: App = {
    ...world,
    version,
    prompts: clackPrompts(),
    procedures: lazyProcedures,
    input: processInput(),
    program: [process.execPath, process.argv[1] ?? ''],
    vzdumpScript: async () =>
      (await import('../adapters/hypervisors/proxmox/vzdump-hook/vzdump-script.ts')).loadVzdumpScript(),
    signal: interrupts.signal,
    writeNewFile: (path, content) => writeFile(path, content, { flag: 'wx', mode: 0o600 }),
    openSession: (globals) => openSession(world, globals),
  }
  process.exitCode = await runCommandLine(argv, app)
}

interface GuestOf {
  readonly hypervisor: Hypervisor
  readonly vm: Vm
}

interface World {
  readonly system: System
  readonly host: NodeHost
  readonly redaction: Redaction
  readonly terminal: Terminal
}

function openSession(world: World, globals: GlobalOptions): Session {
  const { system, terminal, redaction } = world
  const now = () => formatInstant(system.clock.now())
  const log = new WinstonLog({ level: levelOf(globals), redaction, now })
  const progress = progressDisplay(terminal, system.clock, { quiet: globals.quiet ?? false })
  const hypervisors = new Map<string, Promise<Hypervisor>>()
  const settings = once(async () => (await import('./config/load.ts')).loadSettings(world.host, globals.config))
  const catalog = once(async () => openCatalog(world, await settings()))
  const catalogToRead = once(async () => readCatalog(await settings(), catalog))
  const shells = once(async () => openShells(world, await settings()))
  const openHypervisorOnce = async (name: string) => {
    const opened = hypervisors.get(name) ?? openHypervisor(world, await settings(), name, log)
    hypervisors.set(name, opened)
    return opened
  }
  const repositories = { open: async (wanted: string) => openRepository(world, await settings(), wanted) }
  const common = async ({ changesNothing = false } = {}) => ({
    ...{ system, log, progress },
    catalog: await (changesNothing ? catalogToRead() : catalog()),
    stateDirectory: (await settings()).state.directory,
  })
  return {
    settings,
    catalog: catalogToRead,
    openHypervisor: openHypervisorOnce,
    repositories,
    recoverPorts: () => common(),
    knownHosts: async () => openKnownHosts(world, await settings()),
    async openVm(name, entry, options) {
      const secret = await secrets(world, await settings())
      const vm = vmSettings(await settings(), name, entry, secret)
      const opened = await openHypervisorOnce(entry.hypervisor)
      const { mysqlApplication } = await import('../adapters/applications/mysql/mysql-application.ts')
      const { loadHelper } = await import('../adapters/guests/helper/helper-file.ts')
      const { directory } = (await settings()).runbooks ?? {}
      const { runbookFolder } = await import('./cli/runbook-folder.ts')
      const ports = {
        ...(await common(options)),
        ...(directory === undefined ? {} : { runbooks: runbookFolder(system.files, directory) }),
        hypervisor: opened,
        shells: await shells(),
        agentShells: async (guest: Vm) =>
          openAgentShells(world, await settings(), [name, entry], { hypervisor: opened, vm: guest }),
        application: mysqlApplication(),
        helper: await loadHelper(),
        repositories,
      }
      return { ports, settings: vm }
    },
    async close() {
      await progress.close()
      for (const opened of hypervisors.values()) await opened.then((each) => each.close(), ignore)
      await catalog.made?.then((each: Catalog) => each.close(), ignore)
      await log.close()
    },
  }
}

function levelOf({ quiet, verbose }: GlobalOptions): LogLevel {
  if (quiet) return 'error'
  return verbose ? 'debug' : 'warn'
}

async function openCatalog({ system }: World, settings: Settings): Promise<Catalog> {
  const path = catalogPath(settings)
  const { openSqliteCatalog } = await import('../adapters/catalogs/sqlite/sqlite-catalog.ts')
  return openSqliteCatalog({ path, clock: system.clock })
}

/** For commands that only look: the catalog if there is one, else an empty one that leaves no file. */
async function readCatalog(settings: Settings, open: () => Promise<Catalog>): Promise<Catalog> {
  const { isThereSqliteCatalog } = await import('../adapters/catalogs/sqlite/place.ts')
  if (await isThereSqliteCatalog(catalogPath(settings))) return open()
  const { MemoryCatalog } = await import('../adapters/catalogs/memory/memory-catalog.ts')
  return new MemoryCatalog()
}

function catalogPath({ state }: Settings): string {
  if (state.catalog === undefined) return `${state.directory}/catalog.sqlite`
  throw new StillshotError('not-supported', 'state.catalog: a catalog in PostgreSQL is not there yet in this version')
}

async function openShells(world: World, settings: Settings): Promise<GuestShells> {
  const { SshShells } = await import('../adapters/guests/ssh/ssh-shells.ts')
  const { key, passphrase, agent, knownHosts, connectTimeoutMs, keepAliveMs } = settings.ssh
  const secret = await secrets(world, settings)
  const agentSocket = agent ? world.host.environment('SSH_AUTH_SOCK') : undefined
  if (agent && agentSocket === undefined && key === undefined) {
    throw new StillshotError('config-invalid', 'ssh.agent is true, but SSH_AUTH_SOCK is not set')
  }
  return new SshShells({
    clock: world.system.clock,
    knownHostsPath: knownHosts,
    connectTimeoutMs,
    keepAliveMs,
    ...(key === undefined ? {} : { keyPath: key }),
    ...(passphrase === undefined ? {} : { passphrase: secret(passphrase, 'ssh.passphrase') }),
    ...(agentSocket === undefined ? {} : { agentSocket }),
  })
}

async function openAgentShells(world: World, settings: Settings, [name, entry]: [string, VmEntry], at: GuestOf) {
  const { AgentShells } = await import('../adapters/guests/agent/agent-shells.ts')
  const { agentOf } = await import('./cli/agent-of.ts')
  const agent = agentOf(at.hypervisor, { name, tools: entry.tools }, await secrets(world, settings))
  return new AgentShells({ clock: world.system.clock, vm: at.vm, ...agent })
}

async function openKnownHosts({ system }: World, { ssh }: Settings) {
  const { SshKnownHosts } = await import('../adapters/guests/ssh/ssh-known-hosts.ts')
  const { knownHosts, connectTimeoutMs } = ssh
  return new SshKnownHosts({ clock: system.clock, knownHostsPath: knownHosts, connectTimeoutMs })
}

async function openHypervisor(world: World, settings: Settings, name: string, log: Log): Promise<Hypervisor> {
  const entry: HypervisorEntry | undefined = settings.hypervisors[name]
  if (entry === undefined) throw new StillshotError('config-invalid', `there is no hypervisor ${name}`)
  if (entry.kind === 'proxmox') return openProxmox(world, settings, name, entry)
  if (entry.kind === 'vsphere') return openVsphere(world, settings, { name, log }, entry)
  const { libvirtDefaults } = await import('./config/schema/hypervisors.ts')
  const { LibvirtHypervisor } = await import('../adapters/hypervisors/libvirt/libvirt-hypervisor.ts')
  const { uri = libvirtDefaults.uri, overlayFolder } = entry
  return new LibvirtHypervisor({ name, uri, ...(overlayFolder === undefined ? {} : { overlayFolder }) })
}

async function openProxmox(
  world: World,
  settings: Settings,
  name: string,
  { url, fingerprint, others = [], ca, token, username = '', password = '' }: HypervisorEntry & { kind: 'proxmox' },
): Promise<Hypervisor> {
  const { ProxmoxHypervisor } = await import('../adapters/hypervisors/proxmox/proxmox-hypervisor.ts')
  const secret = await secrets(world, settings)
  const at = `hypervisors.${name}`
  return new ProxmoxHypervisor({
    name,
    clock: world.system.clock,
    addresses: [{ url, ...(fingerprint === undefined ? {} : { fingerprint }) }, ...others],
    ...(ca === undefined ? {} : { authorityPath: ca }),
    login:
      token === undefined
        ? { kind: 'password', username, password: secret(password, `${at}.password`) }
        : { kind: 'token', token: secret(token, `${at}.token`) },
  })
}

async function openVsphere(
  world: World,
  settings: Settings,
  { name, log }: { name: string; log: Log },
  { url, fingerprint, ca, username, password }: HypervisorEntry & { kind: 'vsphere' },
): Promise<Hypervisor> {
  const { serverRecord } = await import('./hypervisor/server-record.ts')
  const { VsphereHypervisor } = await import('../adapters/hypervisors/vsphere/vsphere-hypervisor.ts')
  const secret = await secrets(world, settings)
  return new VsphereHypervisor({
    name,
    url,
    clock: world.system.clock,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(ca === undefined ? {} : { authorityPath: ca }),
    login: { username, password: secret(password, `hypervisors.${name}.password`) },
    server: serverRecord(world.system.files, `${settings.state.directory}/servers`, name),
    onNotKept: (reason) =>
      log.warn('which server answered could not be written down, so another one would not be noticed', {
        hypervisor: name,
        reason,
      }),
  })
}

async function openRepository(world: World, settings: Settings, name: string): Promise<Repository> {
  const { repositories, file } = settings
  const entry = Object.hasOwn(repositories, name) ? repositories[name] : undefined
  if (entry === undefined) throw new StillshotError('config-invalid', `there is no repository ${name} in ${file}`)
  const { boundedRepository } = await import('./repository/bounded-repository.ts')
  const opened =
    entry.kind === 'restic' ? openRestic(world, settings, name, entry) : openDirectory(world, settings, name, entry)
  return boundedRepository(await opened, world.system.clock)
}

async function openDirectory(
  world: World,
  settings: Settings,
  name: string,
  { path, mount, compression, recipients, identity }: RepositoryEntry & { kind: 'directory' },
): Promise<Repository> {
  const { directoryDefaults } = await import('./config/schema/repositories.ts')
  const { DirectoryRepository } = await import('../adapters/repositories/directory/directory-repository.ts')
  const plain = { name, path, mount: mount ?? directoryDefaults.mount }
  const packed = { ...plain, compression: compression ?? directoryDefaults.compression }
  if (recipients === undefined) return new DirectoryRepository(packed)
  const { AgeSealing } = await import('../adapters/sealing/age/age-sealing.ts')
  const secret = await secrets(world, settings)
  const own = identity === undefined ? {} : { identity: secret(identity, `repositories.${name}.identity`) }
  return new DirectoryRepository({ ...packed, sealing: new AgeSealing({ name, recipients, ...own }) })
}

async function openRestic(
  world: World,
  settings: Settings,
  name: string,
  { repository, password, environment = {} }: RepositoryEntry & { kind: 'restic' },
): Promise<Repository> {
  const { ResticRepository } = await import('../adapters/repositories/restic/restic-repository.ts')
  const { resticAccess } = await import('./config/restic-access.ts')
  const secret = await secrets(world, settings)
  const access = resticAccess({ name, repository, password, environment, secret, host: world.host })
  return new ResticRepository({ ...access, name, cacheFolder: `${settings.state.directory}/restic` })
}

async function secrets({ host, redaction }: World, { file }: Settings) {
  const { secretReader } = await import('./config/secrets.ts')
  const { dirname } = await import('node:path')
  const options = { host, folder: dirname(file), onFetched: (secret: string) => redaction.add(secret) }
  return (reference: string, where: string) => secretReader(options, reference, where)
}

/** The work, done at the first call; `made` tells whether it was. */
function once<Value>(work: () => Promise<Value>) {
  const ask: { (): Promise<Value>; made?: Promise<Value> } = () => {
    ask.made ??= work()
    return ask.made
  }
  return ask
}

function ignore(): void {}
