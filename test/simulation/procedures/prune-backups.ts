import { pruneBackups } from '../../../src/coordinator/prune-backups.ts'
import type { Procedure } from '../actor.ts'
import { keptIn } from './prune-vm.ts'

/** As `prune --backups`; the policy keeps as many as that for snapshots does. */
export const pruneBackupsProcedure: Procedure = {
  name: 'prune-backups',
  run: ({ world, ports, settings, signal }) => {
    const policies = [{ name: 'nightly', keep: { last: keptIn(world) }, timezone: 'UTC' }]
    return pruneBackups(ports, settings, { policies, dryRun: false, signal })
  },
}
