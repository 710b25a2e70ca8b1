import type { VmEntry } from '../config/settings.ts'
import { StillshotError } from '../errors.ts'
import type { GuestAgent, Hypervisor } from '../hypervisor/hypervisor.ts'

export interface AgentOf {
  readonly agent: Pick<GuestAgent, 'ping' | 'exec'>
  /** Undefined for root. */
  readonly user?: string
}

/** The hypervisor's way into a VM's guest, by the login of the VM's entry where it asks for one. `not-supported` where there is none. */
export function agentOf(
  hypervisor: Hypervisor,
  { name, tools }: { name: string; tools: VmEntry['tools'] },
  secret: (reference: string, where: string) => () => Promise<string>,
): AgentOf {
  const { guestAgent } = hypervisor
  if (guestAgent !== undefined) return { agent: guestAgent }
  if (hypervisor.guestPrograms === undefined) {
    throw new StillshotError('not-supported', `${hypervisor.name} speaks to no agent in a guest`)
  }
  const at = `vms.${name}.tools`
  if (tools === undefined) {
    throw new StillshotError('config-invalid', `${at}: VMware Tools let nobody in without a user of the guest`, {
      hint: 'name root, or the user of stillshot in the guest, and its password; docs/how-to/vsphere.md says more',
    })
  }
  const { user, password } = tools
  return { agent: hypervisor.guestPrograms({ user, password: secret(password, `${at}.password`) }), user }
}
