import type { Fault } from '../fault.ts'
import { isNative } from '../grounds/native-ground.ts'
import { jobOf } from '../job.ts'

const at = { 'hook-vzdump': ['hold', 'point', 'started'] }
const elsewhere = 'only a job of Proxmox VE calls the hook'

export const vzdumpKilled: Fault = {
  name: 'vzdump-killed',
  about: 'the job of vzdump is killed with SIGKILL',
  at,
  elsewhere,
  inject: async (scene) => void jobOf(scene).process.kill('SIGKILL'),
}

export const nodeDown5s: Fault = {
  name: 'node-down-5s',
  about: 'the daemon of the Proxmox VE node is gone for 5 s',
  at,
  elsewhere: `${elsewhere}; a daemon of the hypervisor that is gone: daemon-killed`,
  inject: async ({ ground }) => {
    if (isNative(ground)) await ground.pve.standIn.nodeDown('pve1', { crashed: false })
  },
  lift: async ({ ground }) => {
    if (isNative(ground)) await ground.pve.standIn.nodeUp('pve1')
  },
  liftAfterMs: 5_000,
}
