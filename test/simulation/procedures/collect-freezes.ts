import { collectFreezes } from '../../../src/coordinator/collect-freezes.ts'
import type { Procedure } from '../actor.ts'

/** As `collect --wait`, so that the newest freeze is judged, too. */
export const collectProcedure: Procedure = {
  name: 'collect',
  run: ({ ports, settings, signal }) => collectFreezes(ports, settings, { signal, wait: true }),
}
