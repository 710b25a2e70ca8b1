import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { FakeHost } from '../../adapters/system/fake/fake-host.ts'
import { virtualSystem } from '../../adapters/system/fake/virtual-system.ts'
import type { HoldRecord, RestorePoint } from '../../src/catalog/catalog.ts'
import type { App, GlobalOptions, Input, OpenVm } from '../../src/cli/app.ts'
import type { Procedures } from '../../src/cli/procedures.ts'
import type { Prompts } from '../../src/cli/prompts.ts'
import { runCommandLine } from '../../src/cli/run.ts'
import { vmSettings } from '../../src/cli/vm-settings.ts'
import { loadSettings } from '../../src/config/load.ts'
import { StillshotError } from '../../src/errors.ts'
import type { HostKey, KnownHosts } from '../../src/guest/known-hosts.ts'
import type { Hypervisor, ListedVm } from '../../src/hypervisor/hypervisor.ts'
import type { ServerTrust } from '../../src/hypervisor/known-server.ts'
import { Redaction } from '../../src/log/redaction.ts'
import type { Repositories } from '../../src/repository/repository.ts'

const CONFIG = `hypervisors: { kvm: { kind: libvirt } }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: kvm, id: db1, ssh: { host: 10.0.0.5 } }
  db2: { hypervisor: kvm, id: db2, ssh: { host: 10.0.0.6 } }
  locked: { hypervisor: kvm, id: db3, ssh: { host: 10.0.0.7 }, mode: lock }
policies:
  all: { select: { hypervisor: kvm }, schedule: "30 2 * * *" }
`

export interface FakeAppOptions {
  readonly config?: string
  readonly procedures?: Partial<Procedures>
  readonly interactive?: boolean
  readonly prompts?: Partial<Prompts>
  readonly knownHosts?: Partial<KnownHosts>
  readonly points?: readonly RestorePoint[]
  readonly holds?: readonly HoldRecord[]
  /** Secrets that were fetched before. */
  readonly secrets?: readonly string[]
  readonly signal?: AbortSignal
  readonly byHand?: string
  /** Of every VM that the hypervisor is asked for. */
  readonly nativeId?: string
  /** What each hypervisor lists, by its name in the configuration; one that is not here cannot be reached. */
  readonly listed?: Readonly<Record<string, readonly ListedVm[]>>
  /** What arrives on standard input. */
  readonly input?: Iterable<string> | AsyncIterable<string>
  readonly repositories?: Repositories
  /** Of every hypervisor; absent where its servers do not tell who they are. */
  readonly server?: ServerTrust
  readonly variables?: Readonly<Record<string, string>>
}

/** What a command line did. */
export interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
  /** Names of the VMs that were opened; `db1, to look` with a catalog that is only read. */
  readonly opened: readonly string[]
  readonly written: Readonly<Record<string, string>>
  readonly closed: number
}

/** Runs a command line with faked procedures and hypervisor; everything else is real or virtual. */
export async function run(argv: readonly string[], options: FakeAppOptions = {}): Promise<Ran> {
  const ran: Recording = { out: '', err: '', opened: [], written: {}, closed: 0 }
  const app = await fakeApp(ran, options)
  const status = await runCommandLine(argv, app)
  return { status, ...ran }
}

interface Recording {
  out: string
  err: string
  opened: string[]
  written: Record<string, string>
  closed: number
}

async function fakeApp(ran: Recording, options: FakeAppOptions): Promise<App> {
  const system = virtualSystem()
  const catalog = new MemoryCatalog()
  for (const point of options.points ?? []) await catalog.savePoint(point)
  for (const hold of options.holds ?? []) await catalog.saveHold(hold)
  const redaction = new Redaction()
  for (const secret of options.secrets ?? []) redaction.add(secret)
  const host = new FakeHost({
    variables: options.variables ?? {},
    files: { '/home/admin/stillshot.yaml': { text: options.config ?? CONFIG } },
  })
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const progress = { phase() {} }
  const common = { system, catalog, log, progress, stateDirectory: '/home/admin/state' }
  const hypervisor = {
    kind: 'libvirt',
    ...(options.server === undefined ? {} : { server: options.server }),
    findVm: async () => ({ nativeId: options.nativeId ?? '1' }),
    byHand: () => options.byHand ?? 'virsh …',
  }
  const listVms = async (name: string) => {
    const listed = options.listed?.[name]
    if (listed === undefined) throw new StillshotError('hypervisor-unreachable', `${name} does not answer`)
    return listed
  }
  return {
    version: '1.2.3',
    terminal: {
      out(text) {
        ran.out += text
      },
      err(text) {
        ran.err += text
      },
      interactive: options.interactive ?? false,
      columns: 80,
    },
    system,
    host,
    redaction,
    prompts: { confirm: fail('confirm'), text: fail('text'), choose: fail('choose'), ...options.prompts },
    procedures: { ...NONE, ...options.procedures },
    input: inputOf(options.input ?? []),
    program: ['/usr/bin/node', '/opt/stillshot/src/stillshot.js'],
    vzdumpScript: async () => '#!/bin/sh\n# --- settings: begin ---\n# --- settings: end ---\n',
    signal: options.signal ?? new AbortController().signal,
    async writeNewFile(path, content) {
      if (path in ran.written || path === '/home/admin/taken.yaml')
        throw Object.assign(new Error(path), { code: 'EEXIST' })
      ran.written[path] = content
    },
    openSession: (globals: GlobalOptions) => ({
      settings: () => loadSettings(host, globals.config),
      catalog: async () => catalog,
      repositories: options.repositories ?? { open: fail('open a repository') },
      recoverPorts: async () => common,
      knownHosts: async () => ({ ...NO_KEYS, ...options.knownHosts }),
      openHypervisor: async (name) => ({ ...hypervisor, listVms: () => listVms(name) }) as unknown as Hypervisor,
      async openVm(name, entry, { changesNothing = false } = {}) {
        ran.opened.push(changesNothing ? `${name}, to look` : name)
        const settings = await loadSettings(host, globals.config)
        const secret = () => async () => 'secret'
        return {
          ports: { ...common, hypervisor },
          settings: vmSettings(settings, name, entry, secret),
        } as unknown as OpenVm
      },
      async close() {
        ran.closed += 1
      },
    }),
  }
}

function inputOf(chunks: Iterable<string> | AsyncIterable<string>): Input {
  return {
    async *[Symbol.asyncIterator]() {
      yield* chunks
    },
    close() {},
  }
}

function fail(name: string) {
  return async (): Promise<never> => {
    throw new Error(`${name} was not expected`)
  }
}

const NONE: Procedures = {
  takeSnapshot: fail('takeSnapshot'),
  takeBackup: fail('takeBackup'),
  checkBackup: fail('checkBackup'),
  checkVm: fail('checkVm'),
  holdVm: fail('holdVm'),
  releaseHold: fail('releaseHold'),
  holdForBackup: fail('holdForBackup'),
  finishBackup: fail('finishBackup'),
  dropBackup: fail('dropBackup'),
  recordUnheldBackup: fail('recordUnheldBackup'),
  restoreChoices: fail('restoreChoices'),
  restoreSnapshot: fail('restoreSnapshot'),
  makeRunbook: fail('makeRunbook'),
  runDrill: fail('runDrill'),
  restoreAs: fail('restoreAs'),
  keptCopies: fail('keptCopies'),
  removeCopy: fail('removeCopy'),
  restoreBackup: fail('restoreBackup'),
  verifyBackup: fail('verifyBackup'),
  pruneBackups: fail('pruneBackups'),
  pruneVm: fail('pruneVm'),
  rebuildCatalog: fail('rebuildCatalog'),
  recoverRuns: fail('recoverRuns'),
  installHelper: fail('installHelper'),
  helperStatus: fail('helperStatus'),
  removeHelper: fail('removeHelper'),
  installFreezeHook: fail('installFreezeHook'),
  collectFreezes: async (_, { name }) => ({ version: 1, vm: name, freezes: [] }),
  readJournal: fail('readJournal'),
}

export const HOST_KEY: HostKey = { type: 'ssh-ed25519', base64: 'AAAA', fingerprint: 'SHA256:abc' }

const NO_KEYS: KnownHosts = { scan: async () => HOST_KEY, trusted: async () => [], trust: fail('trust') }

/** A restore point of db1, good unless changed. */
export function somePoint(changes: Partial<RestorePoint> = {}): RestorePoint {
  return {
    version: 1,
    id: '01JDAAAAAAAAAAAAAAAAAAAAAA',
    run: '01JDBBBBBBBBBBBBBBBBBBBBBB',
    vm: 'db1',
    vmKey: '["kvm","u","u"]',
    hypervisor: 'kvm',
    snapshot: 'stillshot-01JDAAAAAAAAAAAAAAAAAAAAAA',
    createdAt: '2027-01-15T07:00:00.000Z',
    kind: 'snapshot',
    mode: 'stop',
    grade: 'db-stopped',
    reasons: [],
    outage: { stopMs: 1100, snapshotMs: 600, startMs: 1900, readyMs: 600, totalMs: 4200 },
    evidence: {
      version: 1,
      proofs: [{ claim: 'synced', verdict: 'proven', code: 'synced', message: 'sync returned 0' }],
    },
    ...changes,
  }
}

/** An open hold of db1. */
export function someHold(changes: Partial<HoldRecord> = {}): HoldRecord {
  return {
    id: '01JDDDDDDDDDDDDDDDDDDDDDDD',
    run: '01JDDDDDDDDDDDDDDDDDDDDDDD',
    vm: 'db1',
    vmKey: '["kvm","u","u"]',
    profile: 'mysql',
    heldAt: '2027-01-15T07:00:00.000Z',
    ttlMs: 60_000,
    state: 'held',
    evidence: null,
    ...changes,
  }
}
