import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { runVmTask } from './tasks.ts'
import { text, type Value } from './values.ts'
import { isCode, isFault } from './vsphere-errors.ts'

export function powerOf(state: Value): PowerState {
  if (text(state) === 'poweredOn') return 'running'
  return text(state) === 'suspended' ? 'paused' : 'off'
}

export async function readPower(site: Site, vm: Vm, call: Call): Promise<PowerState> {
  const errand = { call, doing: `look at ${vm.name}` }
  const paths = ['runtime.powerState']
  const properties = await onVm(site, vm, call, (object) => readObject(site.session, object, paths, errand))
  return powerOf(properties['runtime.powerState'])
}

/** Starts, or resumes what is suspended; a VM that runs already is right, whoever started it. */
export async function powerOn(site: Site, vm: Vm, call: Call): Promise<void> {
  if ((await readPower(site, vm, call)) === 'running') return
  try {
    await runVmTask(site, vm, { call, doing: `start ${vm.name}` }, { operation: 'PowerOnVM_Task' })
  } catch (error) {
    // Whether the answer was lost or somebody else was faster: what counts is whether it runs.
    if (!isCode(error, 'answer-lost') && !isFault(error, 'InvalidPowerState')) throw error
    call.signal.throwIfAborted()
    if ((await readPower(site, vm, call)) !== 'running') throw error
  }
}
