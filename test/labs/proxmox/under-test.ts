import { type Asked, type AskOptions, ask, tokenHeader } from './ask.ts'
import { MemoryMachine } from './machines/memory-machine.ts'
import { openStandIn, type StandIn, type StandInOptions } from './stand-in.ts'
import type { Task } from './tasks/task.ts'
import { QUICK_TIMES } from './times.ts'

export const USER = 'stillshot@pve'
export const TOKEN = 'stillshot@pve!lab'
const SECRET = '0f0e0d0c-0000-4000-8000-000000000001'

/** A stand-in with one guest in memory, 100, and a token that may do everything with guests. */
export interface StandInUnderTest {
  readonly standIn: StandIn
  readonly machine: MemoryMachine
  /** A call below /nodes/pve1/qemu/100, in the token's name: `POST /snapshot`. */
  guest(call: string, options?: AskOptions): Promise<Asked>
  /** A call in the token's name. */
  ask(call: string, options?: AskOptions): Promise<Asked>
  /** A guest's call that gives a task: resolves when that has ended. */
  task(call: string, options?: AskOptions): Promise<Task>
  snapshot(name: string): Promise<Task>
}

/** Opens one, runs the body, closes it. Times are short unless given. */
export async function withStandIn(
  body: (under: StandInUnderTest) => Promise<void>,
  options: StandInOptions = {},
): Promise<void> {
  const standIn = await openStandIn({
    users: [
      { user: 'root@pam', password: 'root' },
      { user: USER, password: 'secret' },
    ],
    tokens: [{ token: TOKEN, secret: SECRET, separated: false }],
    ...options,
    times: { ...QUICK_TIMES, ...options.times },
  })
  standIn.grant(
    USER,
    '/vms',
    'VM.Audit',
    'VM.Snapshot',
    'VM.PowerMgmt',
    'VM.Config.Options',
    'VM.GuestAgent.Unrestricted',
  )
  const machine = new MemoryMachine(['scsi0', 'scsi1'])
  standIn.addGuest({ vmid: 100, machine, config: guestConfig(100) })
  const askAs = (call: string, how: AskOptions = {}) =>
    ask(standIn, call, { ...how, headers: { ...tokenHeader(TOKEN, SECRET), ...how.headers } })
  const guest = (call: string, how?: AskOptions) => askAs(call.replace(' ', ' /nodes/pve1/qemu/100'), how)
  const task = async (call: string, how?: AskOptions) => {
    const { status, text, json } = await guest(call, how)
    const found = standIn.tasks().find(({ upid }) => upid === json?.data)
    if (found === undefined) throw new Error(`${call} gave no task: ${status} ${text}`)
    await found.ended
    return found
  }
  const snapshot = (name: string) =>
    task('POST /snapshot', { form: { snapname: name, description: `made as ${name}` } })
  try {
    await body({ standIn, machine, guest, ask: askAs, task, snapshot })
  } finally {
    await standIn.close()
  }
}

/** The configuration of a guest with two disks and a CD-ROM. */
export function guestConfig(vmid: number): Record<string, string | number> {
  return {
    name: `db${vmid}`,
    cores: 2,
    memory: '512',
    smbios1: 'uuid=5f6dd4d3-9f30-4d3e-8b6e-6a3c0d3f0100',
    vmgenid: 'b7a0b6a0-0000-4000-8000-000000000100',
    net0: 'virtio=BC:24:11:00:01:00,bridge=vmbr0',
    ide2: 'none,media=cdrom',
    scsihw: 'virtio-scsi-single',
    scsi0: `local:${vmid}/vm-${vmid}-disk-0.qcow2,serial=first,size=1G`,
    scsi1: `local:${vmid}/vm-${vmid}-disk-1.qcow2,size=2G`,
  }
}
