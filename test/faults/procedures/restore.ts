import { line, type Procedure } from '../procedure.ts'

/** Lock, preflight and grade are the snapshot's; what it lacks is a hold that nobody releases, roll-back and boot. */
export const restore: Procedure = {
  name: 'restore',
  journalled: 'restore',
  boundaries: [
    { name: 'hold', reached: line('intent', 'hold') },
    { name: 'safety-snapshot', reached: line('done', 'hold') },
    { name: 'fence', reached: line('done', 'create-snapshot') },
    { name: 'roll-back', reached: line('intent', 'roll-back') },
    { name: 'boot', reached: line('intent', 'boot') },
  ],
  prepare: async ({ cli }) => {
    await cli.json('snapshot', cli.vm)
  },
  command: async ({ cli }) => ['restore', cli.vm, '--yes'],
}
