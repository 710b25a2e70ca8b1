import { StillshotError } from '../errors.ts'
import type { Hypervisor, ListedVm } from '../hypervisor/hypervisor.ts'

/** What hypervisors list. Each is asked when it is needed, and once: also one that does not answer. */
export interface VmListings {
  /** All VMs of a hypervisor, by its name in the configuration. Rejects as {@link Hypervisor.listVms} does. */
  of(hypervisor: string): Promise<readonly ListedVm[]>
  /** The one that a reference means, as `findVm` has it: `vm-not-found` for none, `vm-ambiguous` for two. */
  find(hypervisor: string, reference: string): Promise<ListedVm>
}

type Lister = Pick<Hypervisor, 'listVms' | 'findVm'>

/** Thousands of VMs take seconds; more than this is a hypervisor in trouble. */
const LIST_LIMIT_MS = 120_000
const FIND_LIMIT_MS = 30_000

export function vmListings(open: (hypervisor: string) => Promise<Lister>, signal: AbortSignal): VmListings {
  const asked = new Map<string, Promise<readonly ListedVm[]>>()
  const ask = async (hypervisor: string) => (await open(hypervisor)).listVms({ signal, timeoutMs: LIST_LIMIT_MS })
  const of = (hypervisor: string) => {
    const known = asked.get(hypervisor) ?? ask(hypervisor)
    asked.set(hypervisor, known)
    return known
  }
  const find = async (hypervisor: string, reference: string) => {
    const all = await of(hypervisor)
    const meant = all.filter((vm) => isMeant(vm, reference))
    const [only] = meant
    if (only !== undefined && meant.length === 1) return only
    // A UUID that the list does not tell, a path with encoded names, or a name of two: the hypervisor has its own rules.
    const { nativeId } = await (await open(hypervisor)).findVm(reference, { signal, timeoutMs: FIND_LIMIT_MS })
    const found = all.find((vm) => vm.nativeId === nativeId)
    if (found !== undefined) return found
    throw new StillshotError('vm-not-found', `${hypervisor} does not list ${reference}: it is a template, or new`)
  }
  return { of, find }
}

function isMeant({ nativeId, name, uuid, folder }: ListedVm, reference: string): boolean {
  const path = folder === undefined ? [] : [`${folder}/${name}`]
  const words = [nativeId, name, ...path, ...path.map((each) => each.replace(/^\//, ''))]
  return words.includes(reference) || [nativeId, uuid].includes(reference.toLowerCase())
}
