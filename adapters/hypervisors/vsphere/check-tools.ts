import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { powerOf } from './power.ts'
import type { Properties } from './properties.ts'
import { text } from './values.ts'

/** What {@link toolsFindings} reads. */
export const TOOLS_PATHS = ['guest.toolsRunningStatus']

/** Whether vSphere can quiesce the guest: without running Tools it would leave that out and say nothing. */
export function toolsFindings(vm: Vm, properties: Properties): readonly Finding[] {
  // Of a VM that is off nothing needs to be frozen.
  if (powerOf(properties['runtime.powerState']) !== 'running') return []
  const status = text(properties['guest.toolsRunningStatus'])
  if (status === 'guestToolsRunning') {
    return [{ severity: 'ok', code: 'agent', message: `VMware Tools run in ${vm.name}`, hint: '' }]
  }
  return [
    {
      severity: 'refuse',
      code: 'agent-silent',
      message: `VMware Tools do not run in ${vm.name} (${status || 'unknown'}), so vSphere cannot freeze it`,
      hint: 'install open-vm-tools in the guest and start them',
      error: 'hypervisor-refused',
    },
  ]
}
