import { line, type Procedure } from '../procedure.ts'
import { repositoryFaults } from '../repository-faults.ts'
import { lockTable, makeShop, unlockTable, waitsForTable } from '../shop.ts'

/** Databases and files into a repository, while everything runs; somebody's lock keeps the dump in its middle. */
export const backup: Procedure = {
  name: 'backup',
  journalled: 'take-backup',
  ground: 'native',
  boundaries: [
    { name: 'preflight', reached: line('done', 'lock') },
    { name: 'dump', reached: line('intent', 'write'), andThen: waitsForTable },
    { name: 'list', reached: line('intent', 'list') },
    { name: 'after', reached: line('intent', 'unlock') },
  ],
  prepare: async (scene, boundary) => {
    await makeShop(scene, 1)
    if (boundary === 'dump') await lockTable(scene, 'alone')
  },
  command: async ({ cli }) => ['backup', cli.vm],
  goOn: unlockTable,
  look: async (scene, when) => (when === 'recovered' ? repositoryFaults(scene) : []),
}
