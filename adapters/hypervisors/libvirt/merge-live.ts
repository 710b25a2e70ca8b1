import { StillshotError } from '../../../src/errors.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type DomainDisk, readDomain } from './domain-xml.ts'
import type { LibvirtHost } from './host.ts'
import type { Request } from './virsh-session.ts'
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
 * job that an earlier attempt left, so it may be called again after any end. On abort or failure the job is called off.
 */
export async function mergeLive(host: LibvirtHost, vm: Vm, merge: Merge, options: CallOptions = {}): Promise<void> {
  const doing = `merge ${merge.top} into ${merge.base}`
  const job = { started: false, mayRun: false }
  try {
    for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS)) {
      if (await advance(host, vm, merge, job, { ...options, doing })) return
      await wait(lookMs, options.signal)
    }
  } catch (error) {
    if (job.mayRun) await callOff(host, vm, merge)
    throw error
  }
}

interface Job {
  /** We were told that it started. */
  started: boolean
  /** It may be under way: seen, or the command for it was sent. */
  mayRun: boolean
}

/** Looks, and does what is next; true when there is nothing more to do. */
async function advance(host: LibvirtHost, vm: Vm, merge: Merge, job: Job, request: Request): Promise<boolean> {
  const { disk, busy } = await look(host, vm, merge.target, request)
  if (!disk.chain.includes(merge.top)) return true
  if (busy || disk.mirror !== undefined) job.mayRun = true
  const change = { ...request, change: true }
  if (disk.mirror === 'ready') {
    await host.session.run([['blockjob', vm.nativeId, merge.target, '--pivot']], change)
  } else if (!busy && disk.mirror === undefined) {
    if (job.started) {
      throw new StillshotError('hypervisor-refused', `${request.doing}: the block job ended and changed nothing`)
    }
    job.mayRun = true
    await host.session.run([startCommand(vm, merge, disk)], change)
    job.started = true
  }
  return false
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
