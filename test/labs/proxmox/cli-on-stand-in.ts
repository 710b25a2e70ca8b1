import { cliOnHypervisor } from '../cli-on-hypervisor.ts'
import type { Lab } from '../lab.ts'
import type { LabGuest } from '../lab-guest.ts'
import type { StillshotCli } from '../stillshot-cli.ts'
import type { LabStandIn } from './lab-stand-in.ts'

/** stillshot, configured to reach the guest's hypervisor through the stand-in alone, and its helper in the guest. */
export function cliOnStandIn(lab: Lab, guest: LabGuest, pve: LabStandIn): Promise<StillshotCli> {
  const line = `pve: { kind: proxmox, url: "${pve.url}", ca: ${pve.caPath}, token: "file:${pve.tokenPath}" }`
  return cliOnHypervisor(lab, guest, { name: 'pve', line, id: String(pve.vmid) })
}
