import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { candidates } from './find-clone.ts'
import { powerOf } from './power.ts'
import { readObject } from './properties.ts'
import type { Site } from './site.ts'
import { followTask, runningTask, runTask } from './tasks.ts'
import type { Ref } from './values.ts'
import type { Errand } from './vim.ts'
import { isCode, isFault } from './vsphere-errors.ts'

/** How often what a lost answer changed is looked at anew. */
export const LOOKS = 5
export const LOOK_PAUSE_MS = 500

/** One that is still being made is waited for. What does not carry our mark is never touched. */
export async function removeClone(site: Site, vm: Vm, name: string, call: Call): Promise<void> {
  const errand = { call, doing: `remove ${name}, a copy of ${vm.name}` }
  for (let look = 1; ; look += 1) {
    const making = await runningTask(site, vm, call, 'clone')
    if (making !== undefined) await followTask(site, making.object, errand)
    const all = await candidates(site, (each) => each === name, call)
    const own = all.find(({ mark }) => mark?.source === vm.nativeId)
    if (own?.mark?.kept !== undefined) return
    if (own === undefined && (await runningTask(site, vm, call, 'clone')) !== undefined) continue
    if (own === undefined && all.length === 0) return
    if (own === undefined) {
      throw new StillshotError('hypervisor-refused', `${name} is no copy of ${vm.name} that stillshot made`)
    }
    try {
      return await destroyClone(site, own.object, errand)
    } catch (error) {
      if (isCode(error, 'vm-not-found')) return
      if (!isCode(error, 'answer-lost') || call.signal.aborted || look >= LOOKS) throw error
      await site.clock.sleep(LOOK_PAUSE_MS, call.signal)
    }
  }
}

/** vSphere removes no VM that runs. */
export async function destroyClone(site: Site, object: Ref, errand: Errand): Promise<void> {
  const { session } = site
  const paths = ['runtime.powerState']
  const power = powerOf((await readObject(session, object, paths, errand))['runtime.powerState'])
  if (power !== 'off') {
    await runTask(site, errand, () => session.call('PowerOffVM_Task', object, {}, errand)).catch((error: unknown) => {
      if (!isFault(error, 'InvalidPowerState')) throw error
    })
  }
  await runTask(site, errand, () => session.call('Destroy_Task', object, {}, errand))
}
