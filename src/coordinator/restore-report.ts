import type { RestorePoint } from '../catalog/catalog.ts'
import type { Proof } from '../grade/proof.ts'
import type { RestoreOutlook } from './restore-plan.ts'
import type { SafetyGap } from './safety-hold.ts'

export interface RestoreReport extends RestoreOutlook {
  readonly version: 1
  readonly run?: string
  readonly vm: string
  readonly point: RestorePoint
  readonly safetyPoint?: RestorePoint
  /** What the safety point does not hold. */
  readonly safetyGap?: SafetyGap
  readonly plan: readonly string[]
  readonly cameBack: boolean
  readonly proofs: readonly Proof[]
  /** From the start of the VM until the guest answered. */
  readonly bootMs: number
  /** From the guest's first answer until everything was back. */
  readonly readyMs: number
  readonly totalMs: number
}
