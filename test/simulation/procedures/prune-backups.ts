import { pruneBackups } from '../../../src/coordinator/prune-backups.ts'
import type { Procedure } from '../actor.ts'
import type { Deed } from '../plan.ts'
import { VM } from '../world.ts'
import { keptIn } from './prune-vm.ts'

/** As `prune --backups`; the policy keeps as many as that for snapshots does. */
export const pruneBackupsProcedure: Procedure = {
  name: 'prune-backups',
  run: ({ world, ports, settings, signal }) => {
    const policies = [{ name: 'nightly', keep: { last: keptIn(world) }, timezone: 'UTC' }]
    return pruneBackups(ports, settings, { policies, dryRun: false, signal })
  },
}

/** Somebody removes a backup of the days before by hand, or the storage is about to fail in the middle of a removal, or the process to die before it. */
export const meddle: Deed = async ({ chance, repository, timeline }) => {
  repository.removalFails = chance.happens(0.5)
  repository.removalKills = chance.happens(0.15)
  const [id] = [...repository.listed.keys()].toSorted().slice(-2)
  if (id === undefined || repository.listed.size < 2 || !chance.happens(0.4)) return
  timeline.say('somebody', () => `removes the backup ${id}`)
  await repository.removeByHand({ vm: VM, id })
}
