import type { RetentionPolicy } from '../policy/retention.ts'
import type { Selection } from '../policy/selection.ts'
import { durationMs } from './duration.ts'
import { policies as policiesSchema } from './schema/policies.ts'
import type { Settings } from './settings.ts'

/** Which of a policy's rules: those of snapshots, or of backups. */
export type RetentionRules = 'keep' | 'keepBackups'

/** The policies that say what is kept, and of which VMs. Pure. */
export function retentionPolicies(
  { policies }: Pick<Settings, 'policies'>,
  rules: RetentionRules = 'keep',
): readonly { readonly select: Selection; readonly retention: RetentionPolicy }[] {
  const { default: defaultTimezone } = policiesSchema.additionalProperties.properties.timezone
  return Object.entries(policies).flatMap(([name, { select, timezone = defaultTimezone, ...policy }]) => {
    const keep = policy[rules]
    if (keep === undefined) return []
    const { within, ...numbers } = keep
    const withinMs = within === undefined ? {} : { withinMs: durationMs(within) }
    return [{ select, retention: { name, timezone, keep: { ...numbers, ...withinMs } } }]
  })
}
