import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { installScript } from '../../labs/proxmox/vzdump/install-script.ts'
import { type RunningVzdump, startVzdump } from '../../labs/proxmox/vzdump/run-vzdump.ts'
import { waitFor } from '../../labs/wait-for.ts'
import { isNative, type NativeGround } from '../grounds/native-ground.ts'
import { jobOf, rememberJob } from '../job.ts'
import { line, type Procedure } from '../procedure.ts'
import type { Scene } from '../scene.ts'
import type { Told } from '../told.ts'

/** After the job has ended: stillshot sees that, and releases what it held. */
const PATIENCE_MS = 60_000

/** A backup job of Proxmox VE that calls stillshot's hook; it stands still at its point in time until the fault is in place. */
export const hookVzdump: Procedure = {
  name: 'hook-vzdump',
  journalled: 'hold-for-backup',
  ground: 'native',
  boundaries: [
    { name: 'hold', reached: line('intent', 'hold') },
    {
      name: 'point',
      reached: line('intent', 'hold'),
      andThen: async (scene) => void (await jobOf(scene).until('point')),
    },
    {
      name: 'started',
      reached: line('intent', 'hold'),
      andThen: async (scene) => {
        await jobOf(scene).until('point')
        jobOf(scene).goOn()
        await jobOf(scene).until('started')
      },
    },
  ],
  prepare: prepareHost,
  command: async () => ['hook', 'vzdump'],
  begin: async (scene) => {
    const { pve } = nativeOf(scene)
    pve.standIn.lock(pve.vmid, 'backup')
    const disks = ['virtio0', 'virtio1'].map((id) => ({ id, backup: true }))
    const guest = { vmid: pve.vmid, type: 'qemu', mode: 'snapshot', disks, point: 'ask', archiveMs: 200 } as const
    const root = rootOf(scene)
    const job = await startVzdump({ root, script: join(root, 'script'), storage: 'nas', guests: [guest] })
    rememberJob(scene, job)
    return { ended: endOf(scene, job), kill: (signal) => killHook(scene, signal) }
  },
  goOn: async (scene) => jobOf(scene).goOn(),
  pointInTimeMs: (scene) => {
    const point = jobOf(scene).events.find(({ event }) => event === 'point')
    return point === undefined ? undefined : point.at - performance.timeOrigin
  },
}

function nativeOf({ ground }: Scene): NativeGround {
  if (!isNative(ground)) throw new Error('a job of vzdump needs the stand-in of Proxmox VE')
  return ground
}

const rootOf = ({ cli }: Scene) => join(cli.folder, 'host')

/** In a folder of the cell's own, with nothing of the cell before. */
async function prepareHost(scene: Scene): Promise<void> {
  const root = rootOf(scene)
  await rm(root, { recursive: true, force: true })
  await installScript(scene.cli, nativeOf(scene).entry.name, root)
}

/** A hook that lives still ends its own run, once the job that it waits for is gone. */
async function endOf(scene: Scene, job: RunningVzdump): Promise<Told> {
  const { status, log } = await job.ended
  const over = async () => ((await hooksOf(scene)).length === 0 ? true : undefined)
  await waitFor(over, { what: 'the end of the hook', timeoutMs: scene.ttlMs + PATIENCE_MS, everyMs: 100 }).catch(
    () => {},
  )
  const { pve } = nativeOf(scene)
  pve.standIn.unlock(pve.vmid)
  const failed = status === 0 ? {} : { code: 'job-failed', message: log.slice(-300) }
  return { command: 'vzdump', status, signal: null, points: [], document: {}, output: log, ...failed }
}

/** stillshot's processes with the scene's configuration that the job's script began. */
async function hooksOf({ cli }: Scene): Promise<readonly number[]> {
  const found: number[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (words.includes(cli.configPath) && words.includes('vzdump')) found.push(Number(pid))
  }
  return found
}

async function killHook(scene: Scene, signal: NodeJS.Signals): Promise<void> {
  for (const pid of await hooksOf(scene)) process.kill(pid, signal)
}
