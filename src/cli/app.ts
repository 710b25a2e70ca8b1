import type { Catalog } from '../catalog/catalog.ts'
import type { Settings, VmEntry } from '../config/settings.ts'
import type { Ports, VmSettings } from '../coordinator/ports.ts'
import type { KnownHosts } from '../guest/known-hosts.ts'
import type { Hypervisor } from '../hypervisor/hypervisor.ts'
import type { Redaction } from '../log/redaction.ts'
import type { Repositories } from '../repository/repository.ts'
import type { Host } from '../system/host.ts'
import type { System } from '../system/system.ts'
import type { Procedures } from './procedures.ts'
import type { Prompts } from './prompts.ts'
import type { Terminal } from './terminal.ts'

/** Everything that the command line needs, given by the composition root (src/main.ts) or by a test. */
export interface App {
  readonly version: string
  readonly terminal: Terminal
  readonly system: System
  readonly host: Host
  readonly redaction: Redaction
  readonly prompts: Prompts
  readonly procedures: Procedures
  readonly input: Input
  /** The words that start this program: its Node and its own path. */
  readonly program: readonly string[]
  /** The script for hosts of Proxmox VE, with its settings still to be filled in. */
  vzdumpScript(): Promise<string>
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal
  /** Writes a new file of mode 0600; rejects when there is one. */
  writeNewFile(path: string, content: string): Promise<void>
  /** Opens nothing yet. */
  openSession(globals: GlobalOptions): Session
}

/** Standard input as text, for the commands that read it: nothing is read before the first chunk is asked for. */
export interface Input extends AsyncIterable<string> {
  /** Nothing more is wanted: whoever still writes keeps the process no longer. Safe twice. */
  close(): void
}

export interface GlobalOptions {
  readonly config?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

/** One command's work: what it opens is opened when it is asked for, once, and closed at the end. */
export interface Session {
  /** Rejects with `config-invalid` or `config-unsafe`. */
  settings(): Promise<Settings>
  /** Rejects with `not-supported` for a hypervisor or mode that this version does not know. */
  openVm(name: string, entry: VmEntry, options?: OpenVmOptions): Promise<OpenVm>
  /** The hypervisor alone, by its name in the configuration. Rejects like {@link openVm}. */
  openHypervisor(name: string): Promise<Hypervisor>
  /** To read only: one that is not there yet is empty, and stays away. */
  catalog(): Promise<Catalog>
  knownHosts(): Promise<KnownHosts>
  readonly repositories: Repositories
  recoverPorts(): Promise<RecoverPorts>
  /** Safe twice. */
  close(): Promise<void>
}

export interface OpenVmOptions {
  /** Its catalog is only read: one that is not there yet is empty, and stays away. */
  readonly changesNothing?: boolean
}

export interface OpenVm {
  readonly ports: Ports
  readonly settings: VmSettings
}

/** What settling runs needs before it is known which VMs they are about. */
export type RecoverPorts = Pick<Ports, 'system' | 'catalog' | 'log' | 'progress' | 'stateDirectory'>
