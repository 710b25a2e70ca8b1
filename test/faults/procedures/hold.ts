import type { JournalEvent } from '../../../src/saga/journal-event.ts'
import type { Procedure } from '../procedure.ts'

const held = (events: readonly JournalEvent[]) =>
  events.some((entry) => entry.event === 'run-ended' && entry.outcome === 'held')

/** Up to the answer it is the snapshot's; what that lacks is a hold that nobody's process watches. */
export const hold: Procedure = {
  name: 'hold',
  journalled: 'hold',
  boundaries: [{ name: 'held', reached: held }],
  command: async ({ cli }) => ['hold', cli.vm],
  finish: async (scene) => {
    const [open] = await scene.catalog((catalog) => catalog.holds({ open: true }))
    if (open !== undefined) scene.told.push(await scene.tell(['release', open.id]))
  },
}
