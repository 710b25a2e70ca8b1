import { readFile } from 'node:fs/promises'
import { ProxmoxHypervisor } from '../../../adapters/hypervisors/proxmox/proxmox-hypervisor.ts'
import { NodeClock } from '../../../adapters/system/node-clock.ts'
import type { LabStandIn } from './lab-stand-in.ts'

/** The real adapter, which reaches the stand-in with its token; whoever opens it closes it. */
export function hypervisorOnStandIn({ url, caPath, tokenPath }: LabStandIn): ProxmoxHypervisor {
  return new ProxmoxHypervisor({
    name: 'pve',
    addresses: [{ url }],
    authorityPath: caPath,
    login: { kind: 'token', token: () => readFile(tokenPath, 'utf8').then((text) => text.trim()) },
    clock: new NodeClock(),
  })
}
