import { removeCopy } from '../../../src/coordinator/remove-copy.ts'
import { restoreAs } from '../../../src/coordinator/restore-as.ts'
import type { Procedure } from '../actor.ts'
import type { World } from '../world.ts'
import { VM } from '../world.ts'

/** A copy of the newest `db-stopped` point beside the VM; not every name is free. */
export const copyProcedure: Procedure = {
  name: 'restore-as',
  run: ({ world, ports, settings, signal }) => {
    const as = `rescue-${world.chance.between(1, 3)}`
    return restoreAs(ports, settings, { as, waitMs: 10_000, dryRun: false, signal })
  },
}

/** Whatever copy there is, under the name that it has by then. */
export const removeCopyProcedure: Procedure = {
  name: 'remove-copy',
  run: ({ world, ports, settings, signal }) => {
    const kept = world.books.copyStates(VM).filter(({ copyOf }) => copyOf?.kept === true)
    const [copy] = kept.length === 0 ? [] : [world.chance.pick(kept)]
    if (copy?.copyOf !== undefined) world.copiesToGo.add(copy.copyOf.id)
    return removeCopy(ports, settings, { name: copy?.name ?? 'rescue-1', dryRun: false, signal })
  },
}

/** Somebody calls a copy something else, on the hypervisor itself. */
export async function renameCopy({ books, chance, timeline }: World): Promise<void> {
  const kept = books.copyStates(VM).filter(({ copyOf }) => copyOf?.kept === true)
  if (kept.length === 0) return
  const copy = chance.pick(kept)
  timeline.say('somebody', () => `renames ${copy.name}`)
  copy.name = `mine-${chance.between(1, 1_000)}`
}
