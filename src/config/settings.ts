import { resolve } from 'node:path'
import type { Profile } from '../guest/profile.ts'
import type { DrillLimits } from '../policy/drill-limits.ts'
import { durationMs } from './duration.ts'
import { allProfiles } from './profiles.ts'
import { drills as drillsSchema } from './schema/drills.ts'
import { ssh as sshSchema } from './schema/ssh.ts'
import { state as stateSchema } from './schema/state.ts'
import { vmDefaults } from './schema/vms.ts'
import type { Config } from './schema.ts'
import { sizeBytes } from './size.ts'

/** The configuration with its defaults, absolute paths and milliseconds; secrets still by reference. Plain JSON. */
export interface Settings {
  readonly version: 1
  /** The file it was read from. */
  readonly file: string
  readonly hypervisors: Readonly<Record<string, HypervisorEntry>>
  readonly ssh: SshEntry
  readonly vms: Readonly<Record<string, VmEntry>>
  readonly profiles: Readonly<Record<string, Profile>>
  readonly policies: NonNullable<Config['policies']>
  readonly drills: DrillLimits
  readonly repositories: NonNullable<Config['repositories']>
  readonly runbooks?: { readonly directory: string }
  readonly state: { readonly directory: string; readonly catalog?: { readonly url: string } }
}

export type HypervisorEntry = Config['hypervisors'][string]

export type RepositoryEntry = NonNullable<Config['repositories']>[string]

export interface SshEntry {
  readonly user: string
  readonly key?: string
  readonly passphrase?: string
  readonly agent: boolean
  readonly knownHosts: string
  readonly connectTimeoutMs: number
  readonly keepAliveMs: number
}

export interface VmEntry {
  readonly hypervisor: string
  readonly id: string
  readonly ssh: { readonly host: string; readonly port: number; readonly user: string }
  readonly profile: string
  readonly mode: 'stop' | 'lock' | 'freeze'
  readonly hold: { readonly ttlMs: number; readonly budgetMs: number }
  readonly drainMs: number
  readonly longTransactionsMs: number
  readonly disks: Readonly<Record<string, string>>
  readonly tools?: { readonly user: string; readonly password: string }
  readonly drill: { readonly assert: readonly string[]; readonly memoryBytes?: number; readonly limitMs: number }
  readonly database: { readonly user?: string; readonly password?: string; readonly defaultsFile?: string }
  readonly backup?: { readonly repository: string; readonly restore: boolean }
}

/** Fills in what the configuration leaves out. `folder`: what its paths are relative to. Pure. */
export function toSettings(config: Config, file: string, folder: string): Settings {
  const ssh = sshOf(config, folder)
  const { catalog } = config.state ?? {}
  return {
    version: 1,
    file,
    hypervisors: mapValues(config.hypervisors, (entry) => withAbsolutePaths(entry, folder)),
    ssh,
    vms: mapValues(config.vms, (vm) => vmOf(vm, ssh.user)),
    profiles: allProfiles(config),
    policies: config.policies ?? {},
    drills: drillLimitsOf(config.drills),
    repositories: mapValues(config.repositories ?? {}, (entry) =>
      entry.kind === 'directory' ? { ...entry, path: resolve(folder, entry.path) } : entry,
    ),
    ...(config.runbooks === undefined ? {} : { runbooks: { directory: resolve(folder, config.runbooks.directory) } }),
    state: {
      directory: resolve(folder, config.state?.directory ?? stateSchema.properties.directory.default),
      ...(catalog === undefined ? {} : { catalog }),
    },
  }
}

function sshOf(config: Config, folder: string): SshEntry {
  const { key, passphrase, user, agent, knownHosts, connectTimeout, keepAlive } = config.ssh ?? {}
  const { properties } = sshSchema
  return {
    user: user ?? properties.user.default,
    ...(key === undefined ? {} : { key: resolve(folder, key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    agent: agent ?? properties.agent.default,
    knownHosts: resolve(folder, knownHosts ?? properties.knownHosts.default),
    connectTimeoutMs: durationMs(connectTimeout ?? properties.connectTimeout.default),
    keepAliveMs: durationMs(keepAlive ?? properties.keepAlive.default),
  }
}

function vmOf(vm: Config['vms'][string], user: string): VmEntry {
  return {
    hypervisor: vm.hypervisor,
    id: vm.id,
    ssh: { host: vm.ssh.host, port: vm.ssh.port ?? vmDefaults.port, user: vm.ssh.user ?? user },
    profile: vm.profile ?? vmDefaults.profile,
    mode: vm.mode ?? vmDefaults.mode,
    hold: {
      ttlMs: durationMs(vm.hold?.ttl ?? vmDefaults.ttl),
      budgetMs: durationMs(vm.hold?.budget ?? vmDefaults.budget),
    },
    drainMs: durationMs(vm.drain ?? vmDefaults.drain),
    longTransactionsMs: durationMs(vm.longTransactions ?? vmDefaults.longTransactions),
    disks: vm.disks ?? {},
    database: vm.database ?? {},
    drill: drillOf(vm.drill),
    ...(vm.tools === undefined ? {} : { tools: vm.tools }),
    ...(vm.backup === undefined ? {} : { backup: { restore: vmDefaults.restore, ...vm.backup } }),
  }
}

function drillOf({ assert = [], memory, limit }: NonNullable<Config['vms'][string]['drill']> = {}): VmEntry['drill'] {
  return {
    assert,
    limitMs: durationMs(limit ?? vmDefaults.drillLimit),
    ...(memory === undefined ? {} : { memoryBytes: sizeBytes(memory) }),
  }
}

function drillLimitsOf({ atOnce, memory, storage, hours, timezone }: NonNullable<Config['drills']> = {}): DrillLimits {
  const { properties } = drillsSchema
  return {
    atOnce: atOnce ?? properties.atOnce.default,
    ...(memory === undefined ? {} : { memoryBytes: sizeBytes(memory) }),
    ...(storage === undefined ? {} : { storageBytes: sizeBytes(storage) }),
    ...(hours === undefined ? {} : { hours: { text: hours, timezone: timezone ?? properties.timezone.default } }),
  }
}

function withAbsolutePaths(entry: HypervisorEntry, folder: string): HypervisorEntry {
  if (entry.kind === 'libvirt') {
    const { overlayFolder } = entry
    return overlayFolder === undefined ? entry : { ...entry, overlayFolder: resolve(folder, overlayFolder) }
  }
  return entry.ca === undefined ? entry : { ...entry, ca: resolve(folder, entry.ca) }
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
