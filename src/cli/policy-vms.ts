import { nearest } from '../config/nearest.ts'
import { type RetentionRules, retentionPolicies } from '../config/retention-policies.ts'
import type { Settings, VmEntry } from '../config/settings.ts'
import {
  type ConfiguredVm,
  isSelected,
  type NamedSelection,
  selectByPolicy,
  type UnsecuredVms,
  unsecuredByPolicy,
} from '../coordinator/policy-vms.ts'
import { vmListings } from '../coordinator/vm-listings.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { RetentionPolicy } from '../policy/retention.ts'
import type { App, Session } from './app.ts'
import { selectVms } from './vms.ts'

/** Flags and description, for each command that takes it. */
export const POLICY_OPTION = ['--policy <name>', 'the VMs that this policy selects, instead of names'] as const

/** The VMs of a command. */
export interface ChosenVms {
  readonly vms: readonly (readonly [string, VmEntry])[]
  /** Those of `vms` of which nobody can tell whether they are meant, and why. */
  readonly refused: ReadonlyMap<string, StillshotError>
  /** Undefined where names were given. */
  readonly policy?: {
    readonly name: string
    /** What the policy selects besides, and nobody secures; asks the hypervisors. */
    unsecured(): Promise<UnsecuredVms>
  }
}

/** The VMs that are named, or those of the policy. Rejects with `vm-not-configured` or `usage`. */
export async function chooseVms(
  { signal }: Pick<App, 'signal'>,
  session: Session,
  names: readonly string[],
  policyName: string | undefined,
): Promise<ChosenVms> {
  if (policyName === undefined) return { vms: await selectVms(session, names), refused: new Map() }
  if (names.length > 0) throw new StillshotError('usage', 'VMs and --policy exclude each other')
  const settings = await session.settings()
  const policy = policyNamed(settings, policyName)
  const listings = vmListings((name) => session.openHypervisor(name), signal)
  const all = configured(Object.entries(settings.vms))
  const { selected, undecided } = await selectByPolicy(policy, all, listings)
  const refused = new Map(undecided.map(({ vm, error }) => [vm, error]))
  const hypervisors = Object.keys(settings.hypervisors)
  return {
    vms: Object.entries(settings.vms).filter(([name]) => selected.includes(name) || refused.has(name)),
    refused,
    policy: {
      name: policyName,
      unsecured: () => unsecuredByPolicy(policy, { vms: all, hypervisors }, listings),
    },
  }
}

export interface Retention {
  /** By the VM's name; empty where no policy with `keep` is for it. */
  readonly policies: ReadonlyMap<string, readonly RetentionPolicy[]>
  /** VMs of which it cannot be told: a rule that is left out would take what it keeps. */
  readonly refused: ReadonlyMap<string, StillshotError>
}

/** What is kept of each of these VMs. Hypervisors are asked where a policy depends on what they alone know. */
export async function retentionOf(
  { signal }: Pick<App, 'signal'>,
  session: Session,
  vms: readonly (readonly [string, VmEntry])[],
  which: RetentionRules = 'keep',
): Promise<Retention> {
  const rules = retentionPolicies(await session.settings(), which)
  const listings = vmListings((name) => session.openHypervisor(name), signal)
  const policies = new Map<string, readonly RetentionPolicy[]>()
  const refused = new Map<string, StillshotError>()
  for (const vm of configured(vms)) {
    try {
      const own: RetentionPolicy[] = []
      for (const { select, retention } of rules) {
        if (await isSelected({ name: retention.name, select }, vm, listings)) own.push(retention)
      }
      policies.set(vm.name, own)
    } catch (thrown) {
      refused.set(vm.name, toStillshotError(thrown))
    }
  }
  return { policies, refused }
}

function configured(vms: readonly (readonly [string, VmEntry])[]): readonly ConfiguredVm[] {
  return vms.map(([name, { hypervisor, id }]) => ({ name, hypervisor, reference: id }))
}

function policyNamed({ policies, file }: Settings, name: string): NamedSelection {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
  if (policy !== undefined) return { name, select: policy.select }
  const known = Object.keys(policies)
  const meant = nearest(name, known)
  const rest = meant === undefined ? `there are: ${known.join(', ') || 'none'}` : `did you mean ${meant}?`
  throw new StillshotError('usage', `policy ${name} is not under policies: in ${file}; ${rest}`)
}
