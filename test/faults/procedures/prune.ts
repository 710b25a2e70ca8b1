import type { JournalEvent } from '../../../src/saga/journal-event.ts'
import type { Procedure } from '../procedure.ts'

const removing = (events: readonly JournalEvent[]) =>
  events.some((entry) => entry.event === 'intent' && entry.step.startsWith('remove-'))

/** Of three restore points the two older ones go; the database runs all the time. */
export const prune: Procedure = {
  name: 'prune',
  journalled: 'prune',
  boundaries: [{ name: 'remove', reached: removing }],
  prepare: async ({ cli }) => {
    for (let count = 0; count < 3; count += 1) await cli.json('snapshot', cli.vm)
  },
  command: async ({ cli }) => ['prune', cli.vm, '--yes'],
}
