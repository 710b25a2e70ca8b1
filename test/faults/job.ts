import type { RunningVzdump } from '../labs/proxmox/vzdump/run-vzdump.ts'
import type { Scene } from './scene.ts'

const jobs = new WeakMap<Scene, RunningVzdump>()

export function rememberJob(scene: Scene, job: RunningVzdump): void {
  jobs.set(scene, job)
}

/** The backup job of the cell that is played; throws where it is no cell of such. */
export function jobOf(scene: Scene): RunningVzdump {
  const job = jobs.get(scene)
  if (job === undefined) throw new Error('there is no job of vzdump')
  return job
}
