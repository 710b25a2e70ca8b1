import { takeSnapshot } from '../../../src/coordinator/take-snapshot.ts'
import type { Procedure } from '../actor.ts'

/** Nothing is stopped: the hypervisor freezes the guest. */
export const frozenSnapshotProcedure: Procedure = {
  name: 'snapshot',
  run: ({ ports, settings, signal }) => takeSnapshot(ports, settings, { mode: 'freeze', signal }),
}
