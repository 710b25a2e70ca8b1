import { line, type Procedure } from '../procedure.ts'

/** What the copy that the cells make is called. */
export const RESCUE = 'rescue'

/** A copy beside the guest that stays; until it is kept, nothing of it may be left. */
export const restoreAs: Procedure = {
  name: 'restore-as',
  journalled: 'restore-as',
  boundaries: [
    { name: 'clone', reached: line('intent', 'create-clone') },
    { name: 'keep', reached: line('intent', 'keep-copy') },
    { name: 'boot', reached: line('done', 'keep-copy') },
  ],
  prepare: async ({ cli }) => {
    await cli.json('snapshot', cli.vm)
  },
  command: async ({ cli }) => ['restore', cli.vm, '--as', RESCUE],
}
