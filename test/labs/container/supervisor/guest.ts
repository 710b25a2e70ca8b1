import { join } from 'node:path'
import { tryCommand } from '../../command.ts'
import { openControlGroup } from './control-group.ts'
import { type Disks, openDisks } from './disks.ts'
import { bootInit, type Init } from './init.ts'
import { openNetwork } from './network.ts'
import type { Look, NativeSpec, Order } from './words.ts'

/** A native guest, from one power button to the next. */
export interface SupervisedGuest {
  obey(order: Order): Promise<unknown>
  /** It is off afterwards, without having been asked. */
  close(): Promise<void>
}

export async function superviseGuest(given: NativeSpec): Promise<SupervisedGuest> {
  let spec = given
  const network = await openNetwork(spec.card?.mac)
  const group = await openControlGroup(join(spec.folder, 'groups'), spec.uuid)
  let running: { readonly disks: Disks; readonly init: Init } | undefined
  let paused = false
  /** Its end is on the way: whoever wants to know how it is waits for that. */
  let ending: Promise<void> = Promise.resolve()

  const start = async () => {
    if (running !== undefined) throw new Error('it is running')
    const disks = await openDisks()
    try {
      const init = await bootInit(spec, disks, network.pid, group)
      const here = { disks, init }
      running = here
      init.ended.then((how) => {
        if (running === here) ending = endedByItself(here, how).catch((error: unknown) => console.error(error))
      })
    } catch (error) {
      await disks.cut()
      await group.kill()
      await disks.close()
      throw error
    }
  }
  const endedByItself = async ({ disks }: { disks: Disks }, how: 'restarts' | 'is off') => {
    running = undefined
    await group.kill()
    await disks.close()
    if (how === 'restarts') await start()
  }
  const cutPower = async () => {
    if (running === undefined) return
    const { disks, init } = running
    running = undefined
    // First nobody runs, then nothing can be written, then all is taken apart: as if within one instant.
    await group.freeze()
    await disks.cut()
    await thawFileSystems(init.pid)
    await group.kill()
    await disks.close()
    paused = false
  }
  const obey = async (order: Order): Promise<unknown> => {
    await ending
    switch (order.do) {
      case 'look': {
        const power: Look['power'] = running === undefined ? 'off' : paused ? 'paused' : 'running'
        return { power, pid: running?.init.pid, address: network.address }
      }
      case 'start':
        spec = { ...spec, uuid: order.uuid }
        return start()
      case 'cut-power':
        return cutPower()
      case 'press-power':
        return running?.init.signal('RTMIN+4')
      case 'pause':
        if (running !== undefined) await group.freeze()
        paused = running !== undefined
        return
      case 'resume':
        if (running !== undefined) await group.thaw()
        paused = false
        return
      case 'plug':
        return network.plug(order.plugged)
      case 'monitor':
        if (running === undefined) throw new Error('it is off')
        return running.disks.monitor(order.request)
    }
  }
  return { obey, close: () => ending.then(cutPower) }
}

/** A frozen file system is held by its freeze, whoever has gone: it would stay for ever, and its disk with it. */
async function thawFileSystems(pid: number): Promise<void> {
  for (const target of ['', 'srv/data']) {
    await tryCommand('fsfreeze', ['--unfreeze', `/proc/${pid}/root/${target}`], { timeoutMs: 10_000 })
  }
}
