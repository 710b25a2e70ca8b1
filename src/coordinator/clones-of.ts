import { StillshotError } from '../errors.ts'
import type { Clones } from '../hypervisor/clones.ts'
import type { Hypervisor } from '../hypervisor/hypervisor.ts'

/** What makes copies; rejects with `not-supported` where the hypervisor cannot. */
export function clonesOf({ clones, name, kind }: Hypervisor): Clones {
  if (clones !== undefined) return clones
  throw new StillshotError('not-supported', `${name} (${kind}) makes no copies of a VM in this version`)
}
