import { StillshotError, toStillshotError } from '../errors.ts'
import type { ListedVm } from '../hypervisor/hypervisor.ts'
import { mayBeHidden, type Selected, type Selection, selects } from '../policy/selection.ts'
import type { VmListings } from './vm-listings.ts'

export interface NamedSelection {
  /** The name under `policies:`. */
  readonly name: string
  readonly select: Selection
}

/** An entry under `vms:`. */
export interface ConfiguredVm {
  readonly name: string
  readonly hypervisor: string
  /** What the hypervisor finds it by. */
  readonly reference: string
}

/**
 * Whether the policy is for the VM. The hypervisor is asked only where it depends on what it alone knows; where that cannot be
 * told, it rejects with the reason, and never takes it for no. Repeatable.
 */
export async function isSelected(policy: NamedSelection, vm: ConfiguredVm, listings: VmListings): Promise<boolean> {
  const offhand = selects(policy.select, vm)
  if (offhand !== 'unknown') return offhand === 'yes'
  const listed = await listings.find(vm.hypervisor, vm.reference)
  const answer = selects(policy.select, vm, listed)
  if (answer !== 'unknown') return answer === 'yes'
  throw undecided(policy, vm, listed)
}

function undecided(
  { name, select: { tag } }: NamedSelection,
  vm: Pick<ConfiguredVm, 'name' | 'hypervisor'>,
  listed: ListedVm,
): StillshotError {
  if (tag !== undefined && mayBeHidden(listed, tag)) {
    const message = `policies.${name}.select: no tag ${tag} is to be seen on ${vm.hypervisor}, and ${vm.name} may have it`
    return new StillshotError('hypervisor-refused', message, {
      hint: 'give the user of the configuration the right to read the tag, or write the tag as the hypervisor has it',
    })
  }
  const unseen = listed.hidden?.join(' and ') ?? 'place'
  const message = `policies.${name}.select: the ${unseen} of ${vm.name} on ${vm.hypervisor} may not be seen`
  return new StillshotError('hypervisor-refused', message, {
    hint: 'give the user of the configuration the right to see where the VM stands, up to the root',
  })
}

export interface PolicyVms {
  /** Names under `vms:`. */
  readonly selected: readonly string[]
  /** Those of which it cannot be told. */
  readonly undecided: readonly { readonly vm: string; readonly error: StillshotError }[]
}

/** Which of the configured VMs a policy selects, in their order. Rejects only when cancelled. */
export async function selectByPolicy(
  policy: NamedSelection,
  vms: readonly ConfiguredVm[],
  listings: VmListings,
): Promise<PolicyVms> {
  const selected: string[] = []
  const undecided: { vm: string; error: StillshotError }[] = []
  for (const vm of vms) {
    try {
      if (await isSelected(policy, vm, listings)) selected.push(vm.name)
    } catch (thrown) {
      const error = toStillshotError(thrown)
      if (error.code === 'cancelled') throw error
      undecided.push({ vm: vm.name, error })
    }
  }
  return { selected, undecided }
}

/** A VM that the policy means and that nobody secures. */
export interface UnsecuredVm {
  readonly hypervisor: string
  readonly nativeId: string
  readonly name: string
}

export interface UnsecuredVms {
  readonly vms: readonly UnsecuredVm[]
  /** Hypervisors that could not be asked, or that do not show all that it depends on. */
  readonly unasked: readonly { readonly hypervisor: string; readonly error: StillshotError }[]
}

/**
 * What the policy would select on the hypervisors and has no entry under `vms:`. A policy that names its VMs means no others.
 * Rejects only when cancelled.
 */
export async function unsecuredByPolicy(
  policy: NamedSelection,
  { vms, hypervisors }: { readonly vms: readonly ConfiguredVm[]; readonly hypervisors: readonly string[] },
  listings: VmListings,
): Promise<UnsecuredVms> {
  const { select } = policy
  const found: UnsecuredVm[] = []
  const unasked: { hypervisor: string; error: StillshotError }[] = []
  const meant = select.vms === undefined ? hypervisors : []
  for (const hypervisor of meant.filter((name) => select.hypervisor === undefined || select.hypervisor === name)) {
    try {
      const own = vms.filter((vm) => vm.hypervisor === hypervisor)
      const strangers = await withoutEntry(hypervisor, own, listings)
      const are = (answer: Selected) =>
        strangers.filter((vm) => selects(select, { name: vm.name, hypervisor }, vm) === answer)
      found.push(...are('yes').map(({ nativeId, name }) => ({ hypervisor, nativeId, name })))
      const [unknown] = are('unknown')
      if (unknown !== undefined) throw undecided(policy, { name: unknown.name, hypervisor }, unknown)
    } catch (thrown) {
      const error = toStillshotError(thrown)
      if (error.code === 'cancelled') throw error
      unasked.push({ hypervisor, error })
    }
  }
  return { vms: found, unasked }
}

/** An entry that means no VM, or two, hides none. */
async function withoutEntry(
  hypervisor: string,
  vms: readonly ConfiguredVm[],
  listings: VmListings,
): Promise<readonly ListedVm[]> {
  const listed = await listings.of(hypervisor)
  const entries = new Set<string>()
  for (const { reference } of vms) {
    const found = await listings.find(hypervisor, reference).catch((thrown: unknown) => {
      if (['vm-not-found', 'vm-ambiguous'].includes(toStillshotError(thrown).code)) return undefined
      throw thrown
    })
    if (found !== undefined) entries.add(found.nativeId)
  }
  return listed.filter(({ nativeId }) => !entries.has(nativeId))
}
