/** Which VMs a policy is for; what is named must all be true of a VM. */
export interface Selection {
  readonly vms?: readonly string[]
  readonly hypervisor?: string
  /** Pattern of the name under `vms:`, with `*`. */
  readonly name?: string
  readonly exclude?: readonly string[]
  /** What only the hypervisor knows. */
  readonly tag?: string
  readonly pool?: string
  readonly folder?: string
}

/** Whether the policy is for this VM; `unknown` where only the hypervisor could tell. Pure. */
export function selects(selection: Selection, vm: { name: string; hypervisor: string }): 'yes' | 'no' | 'unknown' {
  const { vms, hypervisor, name, exclude = [], tag, pool, folder } = selection
  if (exclude.includes(vm.name)) return 'no'
  if (vms !== undefined && !vms.includes(vm.name)) return 'no'
  if (hypervisor !== undefined && hypervisor !== vm.hypervisor) return 'no'
  if (name !== undefined && !fits(vm.name, name)) return 'no'
  return [tag, pool, folder].some((asked) => asked !== undefined) ? 'unknown' : 'yes'
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
