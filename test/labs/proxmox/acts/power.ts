import { setTimeout as sleep } from 'node:timers/promises'
import { checkConfigLock } from '../guests/guest.ts'
import { die } from '../refusal.ts'
import type { WorkContext } from './context.ts'

/** How often a guest is looked at that was asked to shut down. */
const LOOK_MS = 100

/** A guest that runs already is an error. */
export async function startGuest(context: WorkContext): Promise<void> {
  await underFlock(context, async () => {
    const { cluster, guest } = context
    checkConfigLock(guest)
    if (await guest.machine.running()) die(`${guest.kind.word} ${guest.vmid} already running`)
    await guest.machine.start()
    guest.startedAt = cluster.now()
  })
}

/** A guest that is off already is none. */
export async function stopGuest(context: WorkContext): Promise<void> {
  await underFlock(context, async () => {
    checkConfigLock(context.guest)
    await context.guest.machine.stop()
  })
}

/** Asks the guest to shut down and waits; one that does not is stopped with `force`, and an error without. */
export async function shutDownGuest(context: WorkContext, timeoutMs: number, force: boolean): Promise<void> {
  await underFlock(context, async () => {
    const { machine } = context.guest
    checkConfigLock(context.guest)
    if (!(await machine.running())) return
    await machine.askToShutDown()
    const end = performance.now() + timeoutMs
    while ((await machine.running()) && performance.now() < end) await sleep(Math.min(LOOK_MS, timeoutMs))
    if (!(await machine.running())) return
    if (!force) die('VM quit/powerdown failed - got timeout')
    context.worker.log('VM quit/powerdown failed - terminating now with SIGTERM')
    await machine.stop()
  })
}

export async function resetGuest(context: WorkContext): Promise<void> {
  await underFlock(context, async () => {
    const { guest } = context
    checkConfigLock(guest)
    if (!(await guest.machine.running())) die(`${guest.kind.word} ${guest.vmid} not running`)
    await guest.machine.reset()
  })
}

async function underFlock({ cluster, worker, guest }: WorkContext, work: () => Promise<void>): Promise<void> {
  await cluster.lockFile(guest.node, guest.kind.lockFile(guest.vmid), worker, work)
  await worker.at('done')
}
