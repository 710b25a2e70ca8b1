import { line, type Procedure } from '../procedure.ts'
import { waitForBoundary } from '../wait-for-boundary.ts'
import { snapshot } from './snapshot.ts'

/** `recover` itself, of a snapshot that was killed between the snapshot and the release. */
export const recover: Procedure = {
  name: 'recover',
  journalled: 'take-snapshot',
  boundaries: [
    { name: 'database', reached: line('undone', 'hold') },
    { name: 'tidied', reached: line('undone', 'create-snapshot') },
  ],
  prepare: async (scene) => {
    const child = scene.cli.spawn('snapshot', scene.cli.vm)
    const ended = new Promise((resolve) => child.once('close', resolve))
    const [at] = snapshot.boundaries.filter(({ name }) => name === 'release')
    await waitForBoundary(scene, snapshot, at!, ended)
    child.kill('SIGKILL')
    await ended
  },
  command: async () => ['recover'],
}
