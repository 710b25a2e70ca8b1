import { holdVm } from '../../../src/coordinator/hold.ts'
import type { Procedure } from '../actor.ts'

/** For somebody else's snapshot: who took it may never release it. */
export const holdProcedure: Procedure = {
  name: 'hold',
  run: ({ ports, settings, signal }) => holdVm(ports, settings, { signal }),
}
