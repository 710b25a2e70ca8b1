import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type DomainDisk, readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import { wait } from './wait.ts'

export interface Merge {
  readonly target: string
  /** The image that takes the data and stays. */
  readonly base: string
  /** Its one overlay, which goes. */
  readonly top: string
}

/** Between two looks at a block job: short at first, for small overlays. */
const FIRST_LOOK_MS = 20
const LONGEST_LOOK_MS = 1_000

/**
 * Commits `top` into `base` while QEMU runs on them, and switches QEMU over where `top` is the active image. Takes up a
 * job that an earlier attempt left, so it may be called again after any end. On abort the job is called off.
 */
export async function mergeLive(host: LibvirtHost, vm: Vm, merge: Merge, options: CallOptions = {}): Promise<void> {
  const doing = `merge ${merge.top} into ${merge.base}`
  let started = false
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS)) {
    const { disk, busy } = await look(host, vm, merge.target, options)
    if (!disk.chain.includes(merge.top)) return
    if (disk.mirror === 'ready') {
      await host.session.run([['blockjob', vm.nativeId, merge.target, '--pivot']], { ...options, doing, change: true })
    } else if (!busy && disk.mirror === undefined) {
      if (started) throw new StillshotError('hypervisor-refused', `${doing}: the block job ended and changed nothing`)
      await host.session.run([startCommand(vm, merge, disk)], { ...options, doing, change: true })
      started = true
    }
    try {
      await wait(lookMs, options.signal)
    } catch (error) {
      await callOff(host, vm, merge)
      throw error
    }
  }
}

/** Whether a block job works on the disk, and the disk as it is. */
export async function look(host: LibvirtHost, vm: Vm, target: string, options: CallOptions) {
  const [job = '', xml = ''] = await host.session.run(
    [
      ['blockjob', vm.nativeId, target, '--raw'],
      ['dumpxml', vm.nativeId],
    ],
    { ...options, doing: `look at disk ${target} of ${vm.name}` },
  )
  const disk = readDomain(xml).disks.find((one) => one.target === target)
  if (disk === undefined) throw new StillshotError('hypervisor-refused', `${vm.name} has no disk ${target} any more`)
  return { disk, busy: job.includes('type=') }
}

function startCommand(vm: Vm, merge: Merge, disk: DomainDisk): readonly string[] {
  const command = ['blockcommit', vm.nativeId, merge.target, '--base', merge.base, '--top', merge.top]
  return disk.image === merge.top ? [...command, '--active'] : command
}

/** With a limit of its own: the caller's signal is over. The error that counts is the caller's. */
async function callOff(host: LibvirtHost, vm: Vm, merge: Merge): Promise<void> {
  const request = { timeoutMs: 10_000, doing: `call off the merge of ${merge.top}`, change: true }
  await host.session.run([['blockjob', vm.nativeId, merge.target, '--abort', '--async']], request).catch(() => {})
}
