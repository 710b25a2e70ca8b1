import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Machine } from '../proxmox/machines/machine.ts'
import { type GuestDeed, type InGuest, openInGuest } from './in-guest.ts'
import { quiesce } from './quiesce.ts'

/** What stands behind a VM of the simulator. */
export interface MachineBehind {
  readonly machine: Machine
  readonly disks: readonly string[]
  /** Runs in the guest as VMware Tools would; absent where it has none. Rejects while the guest does not answer. */
  readonly inGuest?: InGuest
  /** A new one with disks as they were at the snapshot; absent where no copies are made. */
  copy?(image: string): Promise<MachineBehind>
}

/** By the VM's name; copies come and go while the simulator runs. */
export type Machines = Map<string, MachineBehind>

interface Deed {
  readonly act: 'snapshot' | 'remove' | 'revert' | 'start' | 'stop' | 'freeze' | 'thaw' | 'clone' | 'destroy' | 'rename'
  readonly vm: string
  /** The name that the disks' snapshots have. */
  readonly image: string
  /** What the firmware of a VM that starts says. */
  readonly uuid: string
  /** The VM that a clone makes, or the name that a VM gets. */
  readonly copy: string
}

/** Where the simulator tells what it is about to do to a VM: its machine does so, and only then is it done. */
export async function openMachineHook(machines: Machines): Promise<{ url: string; close(): Promise<void> }> {
  const tools = openInGuest((vm) => machines.get(vm)?.inGuest)
  const server = createServer((request, response) => {
    serve(machines, request, tools).then(
      (answer) => response.end(answer === undefined ? '' : JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${port}/`, close }
}

async function serve(
  machines: Machines,
  request: IncomingMessage,
  tools: (deed: GuestDeed) => Promise<object>,
): Promise<object | undefined> {
  const deed = JSON.parse(await text(request)) as Deed | GuestDeed
  if (deed.act === 'guest') return tools(deed)
  await carryOut(machines, deed)
  return undefined
}

async function carryOut(machines: Machines, deed: Deed): Promise<void> {
  const found = machines.get(deed.vm)
  if (found === undefined) return
  const { machine, disks } = found
  const each = async (act: (disk: string) => Promise<void>) => {
    for (const disk of disks) await act(disk)
  }
  if (deed.act === 'clone') return clone(machines, found, deed)
  if (deed.act === 'rename') {
    machines.delete(deed.vm)
    machines.set(deed.copy, found)
    return
  }
  if (deed.act === 'destroy') return void machines.delete(deed.vm)
  if (deed.act === 'start') {
    machine.identify?.(deed.uuid)
    return machine.start()
  }
  if (deed.act === 'stop') return machine.stop()
  if (deed.act === 'freeze' || deed.act === 'thaw') return quiesce(found, deed.act)
  if (deed.act === 'snapshot') return each((disk) => machine.snapshotDisk(disk, deed.image))
  if (deed.act === 'remove') return each((disk) => machine.removeDiskSnapshot(disk, deed.image))
  await machine.stop()
  await each((disk) => machine.rollBackDisk(disk, deed.image))
}

async function clone(machines: Machines, source: MachineBehind, { image, copy }: Deed): Promise<void> {
  if (source.copy === undefined) throw new Error('this machine cannot be copied')
  machines.set(copy, await source.copy(image))
}
