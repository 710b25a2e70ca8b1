import { waitFor } from '../../labs/wait-for.ts'
import { line, type Procedure } from '../procedure.ts'
import { repositoryFaults } from '../repository-faults.ts'
import type { Scene } from '../scene.ts'
import { contentOf, lockTable, makeShop, unlockTable } from '../shop.ts'

const BACKED_UP = '1 1'
const CHANGED = '2 2'

/** Two databases back from a backup; at `load` the first is gone, and somebody's transaction keeps the second. */
export const restoreBackup: Procedure = {
  name: 'restore-backup',
  journalled: 'restore-backup',
  ground: 'native',
  leased: true,
  boundaries: [
    { name: 'hold', reached: line('intent', 'hold') },
    { name: 'safety-dump', reached: line('intent', 'write') },
    { name: 'load', reached: line('intent', 'load'), andThen: firstIsGone },
    { name: 'release', reached: line('intent', 'release') },
  ],
  prepare: async (scene, boundary) => {
    await makeShop(scene, 1)
    await scene.cli.json('backup', scene.cli.vm)
    await makeShop(scene, 2)
    if (boundary === 'load') await lockTable(scene, 'reading')
  },
  command: async ({ cli }) => [
    ...['restore', cli.vm, '--from', 'backup', '--database', 'first', '--database', 'second', '--yes'],
  ],
  goOn: unlockTable,
  look: async (scene, when) => (when === 'left' ? runsOnHalf(scene) : notAsTold(scene)),
}

async function firstIsGone({ ground }: Scene): Promise<void> {
  const gone = async () => {
    const { status, stdout } = await ground.inside(`timeout 10 mariadb -N -e "SHOW DATABASES LIKE 'first'"`)
    return status === 0 && stdout.trim() === '' ? true : undefined
  }
  await waitFor(gone, { what: 'the first database to be dropped', timeoutMs: 60_000, everyMs: 50 })
}

/** Nothing runs on half of a database, before anybody recovered. */
async function runsOnHalf(scene: Scene): Promise<readonly string[]> {
  const content = await contentOf(scene)
  if (content === BACKED_UP || content === CHANGED) return []
  const active = (await scene.ground.inside('systemctl is-active cron')).stdout.trim()
  return ['active', 'activating'].includes(active) ? [`the application is ${active} on ${content}`] : []
}

/** After `recover` both databases are whole; what the restore said of them is so. */
async function notAsTold(scene: Scene): Promise<readonly string[]> {
  const content = await contentOf(scene)
  const status = scene.told[0]?.status
  const found = [...(await repositoryFaults(scene))]
  if (content !== BACKED_UP && content !== CHANGED) found.push(`the databases are not whole: ${content}`)
  if (status === 0 && content !== BACKED_UP)
    found.push(`the restore said it was done, and the databases say ${content}`)
  return found
}
