import { cliOnHypervisor, type HypervisorEntry } from '../cli-on-hypervisor.ts'
import type { GuestUnderTest } from '../guest-under-test.ts'
import type { Lab } from '../lab.ts'
import type { StillshotCli } from '../stillshot-cli.ts'
import type { LabStandIn } from './lab-stand-in.ts'

/** stillshot, configured to reach the guest's hypervisor through the stand-in alone, and its helper in the guest. */
export function cliOnStandIn(lab: Pick<Lab, 'folder'>, guest: GuestUnderTest, pve: LabStandIn): Promise<StillshotCli> {
  return cliOnHypervisor(lab, guest, proxmoxEntry(pve))
}

/** How a configuration of stillshot reaches it. */
export function proxmoxEntry(pve: LabStandIn): HypervisorEntry {
  const line = `pve: { kind: proxmox, url: "${pve.url}", ca: ${pve.caPath}, token: "file:${pve.tokenPath}" }`
  return { name: 'pve', line, id: String(pve.vmid) }
}
