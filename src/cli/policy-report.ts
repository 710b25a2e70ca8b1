import type { UnsecuredVms } from '../coordinator/policy-vms.ts'
import { ERRORS, worstExitStatus } from '../errors.ts'
import { continued, line } from './format.ts'
import type { CommandResult } from './result.ts'

/** What a policy selects, and what it would select and nobody secures. */
export interface PolicyReport extends UnsecuredVms {
  readonly name: string
  /** Names under `vms:` that it selects. */
  readonly selected: readonly string[]
}

/** The result of a check with what there is to say of the policy before it. A policy that selects nothing is a failure. */
export function withPolicy(checked: CommandResult, report: PolicyReport): CommandResult {
  const { name, selected, vms, unasked } = report
  const failed = unasked.map(({ hypervisor, error: { code, message, hint } }) => ({ hypervisor, code, message, hint }))
  const nothing = checked.exitStatus === 0 && selected.length === 0 ? [ERRORS['vm-not-configured'].exit] : []
  const statuses = [...nothing, checked.exitStatus ?? 0, ...unasked.map(({ error }) => error.exitStatus)]
  return {
    document: { ...checked.document, policy: { name, selected, unsecured: vms, unasked: failed } },
    text: `${[...reportLines(report)].join('\n')}\n${checked.text === '' ? '' : `\n${checked.text}`}`,
    errorText: `${checked.errorText ?? ''}${failed.map(unaskedText).join('')}`,
    exitStatus: worstExitStatus(statuses),
  }
}

function reportLines({ name, selected, vms }: PolicyReport): readonly string[] {
  return [
    line`policy ${name} selects ${selected.join(', ') || 'no VM under vms:'}`,
    ...vms.map((vm) => line`  warn    ${vm.name} (${vm.nativeId} of ${vm.hypervisor}) is selected and not secured`),
    ...(vms.length === 0 ? [] : ['          give it an entry under vms:, or leave it out with exclude']),
  ]
}

function unaskedText({ hypervisor, code, message, hint }: Record<'hypervisor' | 'code' | 'message' | 'hint', string>) {
  return `${line`hypervisor ${hypervisor}: `}${continued(message)} ${line`(${code})\n  ${hint}`}\n`
}
