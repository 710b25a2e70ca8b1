import { StillshotError } from '../errors.ts'
import type { RetentionPolicy } from '../policy/retention.ts'
import { selects } from '../policy/selection.ts'
import { durationMs } from './duration.ts'
import { policies as policiesSchema } from './schema/policies.ts'
import type { Settings } from './settings.ts'

/**
 * The policies that say what is kept of this VM; none when nobody says anything. Throws `not-supported` where it cannot be told
 * whether a policy is for the VM: a rule that is left out would take what it keeps.
 */
export function retentionPoliciesOf(settings: Settings, vm: string): readonly RetentionPolicy[] {
  const entry = settings.vms[vm]
  if (entry === undefined) return []
  return Object.entries(settings.policies).flatMap(([name, { select, keep, timezone }]) => {
    if (keep === undefined) return []
    const selected = selects(select, { name: vm, hypervisor: entry.hypervisor })
    if (selected === 'no') return []
    if (selected === 'unknown') {
      const message = `policies.${name}.select: tag, pool and folder are not there yet in this version, so nobody knows whether ${vm} is meant`
      throw new StillshotError('not-supported', message, { hint: 'select by vms, hypervisor or name' })
    }
    const { within, ...numbers } = keep
    const { default: defaultTimezone } = policiesSchema.additionalProperties.properties.timezone
    const withinMs = within === undefined ? {} : { withinMs: durationMs(within) }
    return [{ name, timezone: timezone ?? defaultTimezone, keep: { ...numbers, ...withinMs } }]
  })
}
