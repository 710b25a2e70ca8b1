import type { FromSchema } from '../../json-schema/from-schema.ts'
import type { binlogsSchema } from './binlogs-schema.ts'
import type { comeBackSchema } from './come-back-schema.ts'
import type { drillSchema } from './drill-schema.ts'
import type { renewSchema, wholeSchema } from './half-schema.ts'
import type { holdSchema } from './hold-schema.ts'
import type { inventorySchema } from './inventory-schema.ts'
import type { forgetSchema, freezeSchema, keptSchema, thawSchema } from './kept-schema.ts'
import type { overSchema } from './over-schema.ts'
import type { probeSchema } from './probe-schema.ts'
import type { fenceSchema, releaseSchema } from './release-schema.ts'
import type {
  clockSchema,
  collectSchema,
  drainSchema,
  statusSchema,
  undrainSchema,
  versionSchema,
} from './small-schemas.ts'

export type ProbeAnswer = FromSchema<typeof probeSchema>
export type DrainAnswer = FromSchema<typeof drainSchema>
export type HoldAnswer = FromSchema<typeof holdSchema>
export type FenceAnswer = FromSchema<typeof fenceSchema>
export type ReleaseAnswer = FromSchema<typeof releaseSchema>
export type ComeBackAnswer = FromSchema<typeof comeBackSchema>
export type StatusAnswer = FromSchema<typeof statusSchema>
export type UndrainAnswer = FromSchema<typeof undrainSchema>
export type ClockAnswer = FromSchema<typeof clockSchema>
export type CollectAnswer = FromSchema<typeof collectSchema>
export type VersionAnswer = FromSchema<typeof versionSchema>
export type KeptAnswer = FromSchema<typeof keptSchema>
export type DrillAnswer = FromSchema<typeof drillSchema>
export type ForgetAnswer = FromSchema<typeof forgetSchema>
export type FreezeAnswer = FromSchema<typeof freezeSchema>
export type InventoryAnswer = FromSchema<typeof inventorySchema>
export type BinlogsAnswer = FromSchema<typeof binlogsSchema>
export type ThawAnswer = FromSchema<typeof thawSchema>
export type RenewAnswer = FromSchema<typeof renewSchema>
export type WholeAnswer = FromSchema<typeof wholeSchema>
export type OverAnswer = FromSchema<typeof overSchema>

export type HalfRestored = NonNullable<StatusAnswer['half']>
export type KeptFreeze = NonNullable<KeptAnswer['freeze']>
export type ProbedDbms = NonNullable<ProbeAnswer['dbms']>
export type StopFacts = NonNullable<HoldAnswer['dbms']>
/** What a release and a fence have in common: what is judged of the time between. */
export type Fenced = Pick<ReleaseAnswer, 'verb' | 'sha256' | 'uuid' | 'bootId' | 'fence'>
export type FenceFacts = NonNullable<ReleaseAnswer['fence']>
export type RedoFacts = NonNullable<StopFacts['redo']>
export type LogFacts = StopFacts['log']
export type GuestFileSystem = ProbeAnswer['fileSystems'][number]
export type GuestDisk = GuestFileSystem['disks'][number]
