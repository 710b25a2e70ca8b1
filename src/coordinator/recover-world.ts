import type { Catalog } from '../catalog/catalog.ts'
import type { Log } from '../log/log.ts'
import type { System } from '../system/system.ts'
import type { Ports, Progress, VmSettings } from './ports.ts'

/** Opens what a VM's way back needs; rejects when the VM is no longer configured. */
export type OpenVm = (vm: string) => Promise<{ ports: Ports; settings: VmSettings }>

export interface RecoverWorld {
  readonly system: System
  readonly catalog: Catalog
  readonly log: Log
  readonly progress: Progress
  readonly stateDirectory: string
}

export interface SettledRun {
  readonly run: string
  readonly vm: string
  readonly procedure: string
  /** `under-way`: its process lives; `elsewhere`: it ran on another host, which must recover it. */
  readonly outcome: 'recovered' | 'undo-failed' | 'under-way' | 'elsewhere' | 'unreadable'
  /** What is still open, for a person. */
  readonly open: readonly string[]
  /** What was found on the way and is worth telling. */
  readonly notes?: readonly string[]
}
