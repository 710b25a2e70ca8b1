import { runDrill } from '../../../src/coordinator/run-drill.ts'
import type { Procedure } from '../actor.ts'

/** Of the newest point that is `db-stopped`, on a copy. */
export const drillProcedure: Procedure = {
  name: 'drill',
  run: ({ ports, settings, signal }) => runDrill(ports, settings, { dryRun: false, signal, waitMs: 20_000 }),
}
