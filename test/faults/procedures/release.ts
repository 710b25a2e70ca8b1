import { line, type Procedure } from '../procedure.ts'

/** `release` of a hold, in a process of its own. */
export const release: Procedure = {
  name: 'release',
  journalled: 'release',
  boundaries: [{ name: 'release', reached: line('intent', 'release') }],
  prepare: async ({ cli }) => {
    await cli.json('hold', cli.vm)
  },
  command: async (scene) => {
    const [open] = await scene.catalog((catalog) => catalog.holds({ open: true }))
    return ['release', open?.id ?? 'none']
  },
}
