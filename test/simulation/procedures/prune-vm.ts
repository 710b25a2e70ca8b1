import { pruneVm } from '../../../src/coordinator/prune-vm.ts'
import type { Procedure } from '../actor.ts'

/** How many points that count the policy of a world keeps; where it keeps none, the last of each grade stay. */
export function keptIn({ seed }: { seed: number }): number {
  return seed % 3 === 1 ? 0 : 2
}

export const pruneProcedure: Procedure = {
  name: 'prune',
  run: ({ world, ports, settings, signal }) => {
    const policies = [{ name: 'nightly', keep: { last: keptIn(world) }, timezone: 'UTC' }]
    return pruneVm(ports, settings, { policies, dryRun: false, signal })
  },
}
