import { line, type Procedure } from '../procedure.ts'

/** The same steps back to the safety point of a restore, by a run that is known as the undo. */
export const undoRestore: Procedure = {
  name: 'undo-restore',
  journalled: 'undo-restore',
  boundaries: [
    { name: 'hold', reached: line('intent', 'hold') },
    { name: 'roll-back', reached: line('intent', 'roll-back') },
    { name: 'boot', reached: line('intent', 'boot') },
  ],
  prepare: async ({ cli }) => {
    await cli.json('snapshot', cli.vm)
    await cli.json('restore', cli.vm, '--yes')
  },
  command: async ({ cli }) => ['restore', cli.vm, '--undo', '--yes'],
}
