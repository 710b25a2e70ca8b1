import { line, type Procedure } from '../procedure.ts'

/** A copy beside the guest, which itself runs all the time. */
export const drill: Procedure = {
  name: 'drill',
  journalled: 'drill',
  boundaries: [
    { name: 'clone', reached: line('intent', 'create-clone') },
    { name: 'boot', reached: line('done', 'create-clone') },
    { name: 'remove', reached: line('intent', 'remove-clone') },
  ],
  prepare: async ({ cli }) => {
    await cli.json('snapshot', cli.vm)
  },
  command: async ({ cli }) => ['drill', cli.vm],
}
