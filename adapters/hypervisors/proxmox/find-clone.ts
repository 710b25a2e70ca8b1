import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type CloneMark, cloneId, readMark } from './clone-mark.ts'
import { type Cluster, listResources } from './cluster.ts'
import { findVm, readConfig } from './find-vm.ts'
import { isCode } from './run-task.ts'
import type { Config } from './vm-config.ts'

/**
 * `none`: no VM has its id or its name. `being-made`: Proxmox VE copies its disks, or was killed over that; it has no mark
 * before they are all there. `half`: it still has what its VM has. `kept`: whole, and stays. `foreign`: not ours to touch.
 */
export type CloneState = 'none' | 'being-made' | 'half' | 'whole' | 'kept' | 'foreign'

export interface SeenClone {
  readonly nativeId: string
  readonly name: string
  readonly state: CloneState
  readonly config: Config
}

export async function lookAtClone(cluster: Cluster, vm: Vm, name: string, call: Call): Promise<SeenClone> {
  const nativeId = cloneId(name)
  const seen = (state: CloneState, config: Config = {}) => ({ nativeId, name, state, config })
  const resources = await listResources(cluster, call)
  if (!resources.some(({ vmid }) => String(vmid) === nativeId)) {
    return seen(resources.some((resource) => resource.name === name) ? 'foreign' : 'none')
  }
  try {
    const config = await readConfig(cluster, { nativeId, name }, call)
    if (config.lock === 'clone') return seen('being-made', config)
    const mark: CloneMark | undefined = readMark(config.description, vm, name)
    return seen(stateOf(mark, nativeId), config)
  } catch (error) {
    if (isCode(error, 'vm-not-found')) return seen('none')
    throw error
  }
}

function stateOf(mark: CloneMark | undefined, nativeId: string): CloneState {
  if (mark === undefined) return 'foreign'
  if (mark.kept !== undefined) return mark.kept === nativeId ? 'kept' : 'foreign'
  return mark.whole ? 'whole' : 'half'
}

export async function findClone(cluster: Cluster, vm: Vm, name: string, call: Call): Promise<Vm | undefined> {
  const { state, nativeId } = await lookAtClone(cluster, vm, name, call)
  return state === 'whole' ? findVm(cluster, nativeId, call) : undefined
}

export function notOurs(doing: string, { nativeId }: SeenClone, vm: Vm): StillshotError {
  const message = `${doing}: VM ${nativeId}, or the one of that name, does not say that it is our copy of ${vm.name}`
  return new StillshotError('hypervisor-refused', message, { hint: 'look at it, and remove it yourself if it can go' })
}
