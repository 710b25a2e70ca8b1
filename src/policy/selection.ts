/** Which VMs a policy is for; what is named must all be true of a VM. */
export interface Selection {
  /** Names under `vms:`. */
  readonly vms?: readonly string[]
  readonly hypervisor?: string
  /** Pattern of the name, with `*`. */
  readonly name?: string
  /** Names, or patterns of them. */
  readonly exclude?: readonly string[]
  readonly tag?: string
  /** With the pools in it. */
  readonly pool?: string
  /** With the folders in it. */
  readonly folder?: string
  readonly node?: string
  readonly cluster?: string
}

type Place = 'pool' | 'folder' | 'node' | 'cluster'

/** What only the hypervisor knows of a VM. */
export interface VmFacts extends Readonly<Partial<Record<Place, string>>> {
  readonly tags: readonly string[]
  /** All that may be seen, on any VM; undefined where none is hidden. */
  readonly visibleTags?: readonly string[]
  /** What is there and may not be seen. */
  readonly hidden?: readonly Place[]
}

/** `unknown`: it depends on what the hypervisor alone knows, and has not said. */
export type Selected = 'yes' | 'no' | 'unknown'

/** Whether the policy is for this VM. `facts`: from the hypervisor's list; undefined before it was asked. Pure. */
export function selects(
  selection: Selection,
  vm: { readonly name: string; readonly hypervisor: string },
  facts?: VmFacts,
): Selected {
  const { vms, hypervisor, name, exclude = [] } = selection
  if (exclude.some((pattern) => fits(vm.name, pattern))) return 'no'
  if (vms !== undefined && !vms.includes(vm.name)) return 'no'
  if (hypervisor !== undefined && hypervisor !== vm.hypervisor) return 'no'
  if (name !== undefined && !fits(vm.name, name)) return 'no'
  const { tag, pool, folder, node, cluster } = selection
  const answers = [
    tag === undefined ? 'yes' : hasTag(facts, tag),
    pool === undefined ? 'yes' : isAt(facts, 'pool', (there) => isWithin(there, pool)),
    folder === undefined ? 'yes' : isAt(facts, 'folder', (there) => isWithin(there, folder)),
    node === undefined ? 'yes' : isAt(facts, 'node', (there) => there === node),
    cluster === undefined ? 'yes' : isAt(facts, 'cluster', (there) => there === cluster),
  ]
  if (answers.includes('no')) return 'no'
  return answers.includes('unknown') ? 'unknown' : 'yes'
}

function hasTag(facts: VmFacts | undefined, tag: string): Selected {
  if (facts === undefined) return 'unknown'
  if (facts.tags.includes(tag)) return 'yes'
  return mayBeHidden(facts, tag) ? 'unknown' : 'no'
}

/** Nobody who looks sees this tag anywhere: it does not exist, or may not be seen. */
export function mayBeHidden({ visibleTags }: VmFacts, tag: string): boolean {
  return visibleTags !== undefined && !visibleTags.includes(tag)
}

function isAt(facts: VmFacts | undefined, place: Place, isAsked: (there: string) => boolean): Selected {
  if (facts === undefined || facts.hidden?.includes(place)) return 'unknown'
  const there = facts[place]
  return there !== undefined && isAsked(there) ? 'yes' : 'no'
}

/** The same path, or one below it; slashes at the ends mean nothing. */
function isWithin(there: string, asked: string): boolean {
  const [path, above] = [partsOf(there), partsOf(asked)]
  return above.every((part, index) => path[index] === part)
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '')
}

/** Each part between two `*` is looked for behind the one before it: no pattern takes longer than its name. */
function fits(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
