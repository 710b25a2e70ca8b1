import { restoreSnapshot } from '../../../src/coordinator/restore-snapshot.ts'
import type { Procedure } from '../actor.ts'

/** To the newest point that is `db-stopped`, whichever that is. */
export const restoreProcedure: Procedure = {
  name: 'restore',
  run: ({ ports, settings, signal }) =>
    restoreSnapshot(ports, settings, { safetySnapshot: true, dryRun: false, signal }),
}
