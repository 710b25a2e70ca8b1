import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { runningTask } from './tasks.ts'
import { field, list, text } from './values.ts'

/** How long a look waits for what is in the way: less than its callers give the whole look. */
const PATIENCE_MS = 25_000
const PAUSE_MS = 500

/**
 * Whether vSphere lets the VM do this now. A backup, a migration and the like switch methods off while they work, so what
 * is off is waited for a little.
 */
export async function methodFindings(site: Site, vm: Vm, method: string, call: Call): Promise<readonly Finding[]> {
  const { clock, session } = site
  const errand = { call, doing: `look at ${vm.name}` }
  const begunAt = clock.monotonic()
  for (;;) {
    const { disabledMethod } = await onVm(site, vm, call, (object) =>
      readObject(session, object, ['disabledMethod'], errand),
    )
    const disabled = list(field(disabledMethod, 'string')).map(text)
    if (!disabled.includes(method)) return []
    if (clock.monotonic() - begunAt > PATIENCE_MS) return [await inTheWay(site, vm, method, call)]
    await clock.sleep(PAUSE_MS, call.signal)
  }
}

async function inTheWay(site: Site, vm: Vm, method: string, call: Call): Promise<Finding> {
  const task = await runningTask(site, vm, call)
  const by = task === undefined ? '' : `: ${task.name} of ${task.user || 'somebody'} is under way`
  return {
    severity: 'refuse',
    code: 'vm-locked',
    message: `vSphere lets ${vm.name} do no ${method} now${by}`,
    hint: 'wait for the backup or the task that works on the VM; if none does, the product that switched the method off must switch it on again',
    error: 'vm-locked',
  }
}
