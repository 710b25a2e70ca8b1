import { virshEnvironment } from '../../../adapters/hypervisors/libvirt/virsh-environment.ts'
import { VirshSession } from '../../../adapters/hypervisors/libvirt/virsh-session.ts'
import type { Lab } from '../../labs/lab.ts'
import type { LabGuest } from '../../labs/lab-guest.ts'
import { openLabPorts } from '../../labs/lab-ports.ts'
import { StillshotCli } from '../../labs/stillshot-cli.ts'
import type { Ground } from './ground.ts'

export async function onLibvirt(lab: Lab, guest: LabGuest): Promise<Ground> {
  const cli = await StillshotCli.make(lab, guest)
  await cli.installHelper(guest)
  const ports = await openLabPorts(lab, guest, cli)
  const virsh = new VirshSession({ uri: lab.uri, program: 'virsh', environment: virshEnvironment(process.env) })
  await virsh.run([['domstate', guest.domain]], { doing: 'warm up' })
  return {
    guest,
    ports,
    async bareSnapshot(name) {
      const create = ['snapshot-create-as', guest.domain, '--name', name, '--disk-only', '--atomic']
      await virsh.run([create], { doing: 'take a snapshot', change: true })
    },
    async close() {
      virsh.close()
      await ports.close()
      await guest.destroy()
    },
  }
}
