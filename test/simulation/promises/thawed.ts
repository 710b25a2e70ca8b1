import type { MakeInvariant } from '../invariant.ts'
import { VM } from '../world.ts'

/** Promise 1, for the mode that stops nothing: whoever dies over a frozen guest, it is thawed. */
export const thawed: MakeInvariant = ({ hypervisor }) => ({
  promise: 'a frozen guest is thawed',
  atEnd: async () => (hypervisor.frozen.has(VM) ? 'the guest is frozen at the end' : undefined),
})
