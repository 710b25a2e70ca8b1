import { type RecoverReport, recoverRuns } from '../../../src/coordinator/recover-runs.ts'
import type { Actor, Procedure } from '../actor.ts'

/** As `stillshot recover` of one host. */
export function recover({ ports, settings, signal }: Actor): Promise<RecoverReport> {
  return recoverRuns(async () => ({ ports, settings }), ports, { signal })
}

export const recoverProcedure: Procedure = { name: 'recover', run: recover }
