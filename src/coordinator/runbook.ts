import type { RestorePoint } from '../catalog/catalog.ts'
import type { Grade, Reason } from '../grade/grade.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'

/** How a VM is put back without stillshot, with its real ids. Plain JSON; never a secret. */
export interface Runbook {
  readonly version: 1
  readonly vm: string
  readonly writtenAt: string
  readonly machine: Pick<Vm, 'hypervisor' | 'nativeId' | 'name' | 'uuid'> & { readonly kind: string }
  readonly guest: { readonly host: string; readonly port: number; readonly user: string }
  readonly profile: string
  /** Commands of the hypervisor. */
  readonly safetySnapshot: string
  readonly powerOn: string
  /** Id of the point to take where nothing speaks for another. */
  readonly recommended: string | null
  /** Newest first; only what the hypervisor has, whole. */
  readonly points: readonly RunbookPoint[]
}

export interface RunbookPoint {
  readonly id: string
  readonly snapshot: string
  readonly createdAt: string
  readonly kind: RestorePoint['kind']
  readonly grade: Grade
  readonly reasons: readonly Reason[]
  /** Names of the snapshots that were taken after it, oldest first. */
  readonly newer: readonly string[]
  /** Command of the hypervisor. */
  readonly rollBack: string
  /** Files in the guest that begin with the id of the point once it is back; none where nothing was held. */
  readonly markers: readonly string[]
  /** What must run in the guest then. */
  readonly units: readonly string[]
}
