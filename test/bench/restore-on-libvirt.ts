import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { ulid } from '../../src/system/ulid.ts'
import { openLab } from '../labs/lab.ts'
import { openLabPorts } from '../labs/lab-ports.ts'
import { StillshotCli } from '../labs/stillshot-cli.ts'
import type { RestoreGround } from './restore.ts'

/** An emulated guest. By hand is the adapter's own roll back: libvirt's cannot go back to a snapshot that a running VM made. */
export async function onLibvirt(say: (line: string) => void): Promise<RestoreGround> {
  const lab = await openLab({ log: say })
  const guest = await lab.guest('bench-restore')
  const cli = await StillshotCli.make(lab, guest)
  await cli.installHelper(guest)
  const { ports, settings, close } = await openLabPorts(lab, guest, cli)
  const { hypervisor, catalog, system } = ports
  const signal = new AbortController().signal
  const point = await takeSnapshot(ports, settings, { mode: 'stop', signal })
  const findVm = () => hypervisor.findVm(settings.reference)
  const vm = await findVm()
  return {
    guest,
    cli,
    point,
    async byHand() {
      await hypervisor.rollBack(vm, { snapshotName: point.snapshot, token: ulid(system.clock, system.randomness) })
      await hypervisor.powerOn(vm)
    },
    async forget({ id, snapshot }) {
      await hypervisor.removeSnapshot(await findVm(), snapshot)
      await catalog.removePoint(id)
    },
    async close() {
      await close()
      await guest.destroy()
    },
  }
}
