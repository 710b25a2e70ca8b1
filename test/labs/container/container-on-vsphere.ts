import { DISK_SERIALS, NETWORK_CARD_MAC } from '../domain.ts'
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
    copy: async (image) => behind(await of.copyAt(image))!,
  })
  const machines: Machines = new Map([[guest.name, behind(machine)!]])
  const simulator = await openSimulatorBefore({
    ...{ name: guest.name, uuid: guest.uuid, mac: NETWORK_CARD_MAC, folder: guest.folder, machines },
    disks: [
      { serial: DISK_SERIALS.vda, sizeBytes: SIZES.vda },
      { serial: DISK_SERIALS.vdb, sizeBytes: SIZES.vdb },
    ],
  })
  return { ...simulator, machine, machines }
}
