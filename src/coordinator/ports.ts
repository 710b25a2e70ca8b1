import type { Catalog } from '../catalog/catalog.ts'
import type { Application } from '../guest/application.ts'
import type { GuestShells, GuestTarget } from '../guest/guest-shell.ts'
import type { HelperFile } from '../guest/helper-file.ts'
import type { Allowed, Profile } from '../guest/profile.ts'
import type { Hypervisor, Vm } from '../hypervisor/hypervisor.ts'
import type { Log } from '../log/log.ts'
import type { DrillLimits } from '../policy/drill-limits.ts'
import type { Repositories } from '../repository/repository.ts'
import type { System } from '../system/system.ts'
import type { Runbook } from './runbook.ts'

/** Everything outside the coordinator, given by the composition root (src/main.ts) or by a test. */
export interface Ports {
  readonly system: System
  readonly hypervisor: Hypervisor
  readonly shells: GuestShells
  /** Into a guest by the hypervisor's agent, for one that no network leads to; absent where nobody made it. */
  readonly agentShells?: (vm: Vm) => Promise<GuestShells>
  readonly application: Application
  readonly catalog: Catalog
  readonly log: Log
  readonly progress: Progress
  /** Where runbooks are kept current; absent where nobody wants that. */
  readonly runbooks?: Runbooks
  /** Folder of catalog and journals. */
  readonly stateDirectory: string
  /** The helper as this version ships it. */
  readonly helper: HelperFile
  /** Off-host storage; absent where there is none to be had. */
  readonly repositories?: Repositories
}

/** Keeps runbooks for the day on which stillshot is not there; plain data, so that the command line words them. */
export interface Runbooks {
  /** Replaces the VM's runbook: whoever reads it finds the old one or the new one, whole. Repeatable. */
  keep(book: Runbook): Promise<void>
}

/** Live progress for a person; plain data, so that terminal, plain lines and tests print it their own way. */
export interface Progress {
  phase(event: ProgressEvent): void
}

export interface ProgressEvent {
  readonly vm: string
  readonly phase: Phase
  readonly state: 'begun' | 'done' | 'failed'
  /** Milliseconds since the phase began; only when it ended. */
  readonly elapsedMs?: number
  readonly detail?: string
}

export const PHASES = [
  'preflight',
  'drain',
  'hold',
  'snapshot',
  'release',
  'come-back',
  'grade',
  'after',
  'safety-snapshot',
  'roll-back',
  'boot',
  'clone',
  'remove-copy',
  'examine',
  'recover',
  'prune',
  'dump',
  'archive',
  'changes',
  'load',
  'compare',
  'unpack',
  'verify',
] as const
export type Phase = (typeof PHASES)[number]

/** One VM as the configuration has it, with secrets still by reference. */
export interface VmSettings {
  /** Name under `vms:`. */
  readonly name: string
  /** How the hypervisor finds it: native id, UUID or name. */
  readonly reference: string
  readonly guest: GuestTarget
  readonly profile: Profile
  readonly holdTtlMs: number
  /** Longest outage that is accepted: a forecast over it is refused, a measured one is a reason. */
  readonly budgetMs: number
  readonly drainMs: number
  readonly longTransactionSeconds: number
  /** Guest's device -> hypervisor's disk id, where they cannot be matched by serial, by-id name or bus and unit. */
  readonly disks: Readonly<Record<string, string>>
  readonly drill?: DrillSettings
  /** How the helper logs in to the server; default: root over the unix socket. */
  readonly database?: { readonly defaultsFile?: string; readonly databaseUser?: string }
  /** Where its backups go, and what the guest's helper may do for them; absent where the configuration allows none. */
  readonly backup?: {
    readonly repository: string
    readonly allowed: readonly Allowed[]
  }
  /** Fetches the database password when the profile logs in with one; sent on the helper's stdin only. */
  readonly databasePassword?: () => Promise<string>
}

/** How a restore point of the VM is tried. */
export interface DrillSettings {
  /** SQL; a good copy answers each with one row that begins with neither 0 nor NULL. */
  readonly assertions: readonly string[]
  readonly memoryBytes?: number
  /** Longest time for the checks. */
  readonly limitMs: number
  /** What all drills together may take. */
  readonly limits?: DrillLimits
}
