import { takeSnapshot } from '../../../src/coordinator/take-snapshot.ts'
import type { Procedure } from '../actor.ts'

export const snapshotProcedure: Procedure = {
  name: 'snapshot',
  run: ({ ports, settings, signal }) => takeSnapshot(ports, settings, { mode: 'stop', signal }),
}
