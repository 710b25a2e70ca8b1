import type { Lab } from '../lab.ts'
import type { LabGuest } from '../lab-guest.ts'
import { StillshotCli } from '../stillshot-cli.ts'
import type { LabStandIn } from './lab-stand-in.ts'

/** stillshot, configured to reach the guest's hypervisor through the stand-in alone, and its helper in the guest. */
export async function cliOnStandIn(lab: Lab, guest: LabGuest, pve: LabStandIn): Promise<StillshotCli> {
  const cli = await StillshotCli.make(lab, guest)
  await cli.writeConfig(`hypervisors:
  pve: { kind: proxmox, url: "${pve.url}", ca: ${pve.caPath}, token: "file:${pve.tokenPath}" }
ssh: { user: ${guest.user}, key: ${guest.userKeyPath}, knownHosts: known_hosts, connectTimeout: 60s }
vms:
  ${guest.name}:
    hypervisor: pve
    id: "${pve.vmid}"
    ssh: { host: ${guest.host}, port: ${guest.sshPort} }
    hold: { ttl: 180s, budget: 170s }
state: { directory: state }
`)
  await cli.installHelper(guest)
  return cli
}
