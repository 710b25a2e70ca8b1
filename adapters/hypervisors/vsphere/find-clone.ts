import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type CloneMark, readOwnMark } from './clone-mark.ts'
import { findVm, listVms } from './find-vm.ts'
import { readObjects } from './properties.ts'
import type { Site } from './site.ts'
import { runningTask } from './tasks.ts'
import type { Ref } from './values.ts'

/** A VM whose name a copy could have. */
export interface Candidate {
  readonly object: Ref
  readonly nativeId: string
  /** Undefined unless it is a copy that stillshot made. */
  readonly mark: CloneMark | undefined
}

/** Wherever they lie: a copy that was moved to another folder is still ours. */
export async function candidates(
  site: Site,
  isName: (name: string) => boolean,
  call: Call,
): Promise<readonly Candidate[]> {
  const found = (await listVms(site, call)).filter(({ name }) => isName(name))
  const objects = found.map(({ object }) => object)
  const errand = { call, doing: 'look for copies that stillshot made' }
  const seen = await readObjects(site.session, objects, ['config.extraConfig'], errand)
  return found.map(({ object, nativeId, name }) => {
    const { properties } = seen.find((each) => each.object.value === object.value) ?? {}
    return { object, nativeId, mark: readOwnMark(properties?.['config.extraConfig'], { name, nativeId }) }
  })
}

/** The copy of this VM that is not kept; undefined for none and for what is no copy of it. */
export async function cloneNamed(site: Site, vm: Vm, name: string, call: Call): Promise<Candidate | undefined> {
  const all = await candidates(site, (each) => each === name, call)
  return all.find(({ mark }) => mark?.source === vm.nativeId && mark.kept === undefined)
}

/** Undefined also while it may still be being made. */
export async function findClone(site: Site, vm: Vm, name: string, call: Call): Promise<Vm | undefined> {
  const found = await cloneNamed(site, vm, name, call)
  if (found === undefined || (await runningTask(site, vm, call, 'clone')) !== undefined) return undefined
  return findVm(site, found.nativeId, call)
}
