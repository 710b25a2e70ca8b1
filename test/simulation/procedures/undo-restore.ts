import { restoreSnapshot } from '../../../src/coordinator/restore-snapshot.ts'
import type { Procedure } from '../actor.ts'

/** Back to what was there before the last restore of this host, when whoever has the VM is through. */
export const undoRestoreProcedure: Procedure = {
  name: 'undo-restore',
  run: ({ ports, settings, signal }) =>
    restoreSnapshot(ports, settings, { undo: true, safetySnapshot: true, waitMs: 20_000, dryRun: false, signal }),
}
