import { releaseHold } from '../../../src/coordinator/release-hold.ts'
import type { Procedure } from '../actor.ts'

/** Of the newest hold that the catalog calls open; nothing where there is none. */
export const releaseProcedure: Procedure = {
  name: 'release',
  run: async ({ ports, settings, signal }) => {
    const [newest] = await ports.catalog.holds({ open: true })
    return newest === undefined ? undefined : releaseHold(ports, settings, newest.id, { signal })
  },
}
