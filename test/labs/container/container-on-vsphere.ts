import { shellWord } from '../../../src/system/shell-word.ts'
import { DISK_SERIALS, NETWORK_CARD_MAC } from '../domain.ts'
import type { InGuest } from '../vsphere/in-guest.ts'
import { type LabSimulator, openSimulatorBefore } from '../vsphere/lab-simulator.ts'
import type { Machines } from '../vsphere/machine-hook.ts'
import type { NativeGuest } from './native-guest.ts'
import { NativeMachine } from './native-machine.ts'

const DISK_KEYS = ['scsi0:0', 'scsi0:1'] as const
const SIZES = { vda: 2 * 1024 ** 3, vdb: 512 * 1024 ** 2 }

/** A simulated vCenter whose one VM is the native guest; its clones are copies of that, without a network card. */
export async function containerOnVsphere(
  guest: NativeGuest,
): Promise<LabSimulator & { readonly machine: NativeMachine; readonly machines: Machines }> {
  const machine = new NativeMachine(guest, DISK_KEYS)
  const behind = (of: NativeMachine): ReturnType<NonNullable<Machines['get']>> => ({
    machine: of,
    disks: DISK_KEYS,
    inGuest: inGuestOf(of.guest),
    copy: async (image) => behind(await of.copyAt(image))!,
  })
  const machines: Machines = new Map([[guest.name, behind(machine)!]])
  const simulator = await openSimulatorBefore({
    ...{
      name: guest.name,
      uuid: guest.uuid,
      mac: NETWORK_CARD_MAC,
      folder: guest.folder,
      machines,
      toolsUser: guest.user,
    },
    disks: [
      { serial: DISK_SERIALS.vda, sizeBytes: SIZES.vda },
      { serial: DISK_SERIALS.vdb, sizeBytes: SIZES.vdb },
    ],
  })
  return { ...simulator, machine, machines }
}

/** VMware Tools of a native guest: processes that appear in it, as the account that logged in. */
function inGuestOf(guest: NativeGuest): InGuest {
  return async (script, words, { stdin, user = 'root' } = {}) => {
    const shell = ['sh', '-c', script, 'sh', ...words].map((word) => (word === '' ? "''" : shellWord(word))).join(' ')
    const command = user === 'root' ? `exec ${shell}` : `exec runuser -u ${shellWord(user)} -- ${shell}`
    const input = stdin === undefined ? {} : { input: stdin.toString() }
    const { status, stdout } = await guest.inside(command, { timeoutMs: 600_000, ...input })
    return { status, stdout: Buffer.from(stdout) }
  }
}
