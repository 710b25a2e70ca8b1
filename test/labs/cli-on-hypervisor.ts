import type { GuestUnderTest } from './guest-under-test.ts'
import type { Lab } from './lab.ts'
import { StillshotCli } from './stillshot-cli.ts'

/** How a configuration reaches a hypervisor, and its VM that is the guest. */
export interface HypervisorEntry {
  /** The whole line below `hypervisors:`, with a name first. */
  readonly line: string
  /** That name. */
  readonly name: string
  /** What the hypervisor calls the guest by. */
  readonly id: string
}

/** stillshot, configured to reach the guest's hypervisor in this way alone, and its helper in the guest. */
export async function cliOnHypervisor(
  lab: Pick<Lab, 'folder'>,
  guest: GuestUnderTest,
  entry: HypervisorEntry,
  written: { readonly hold?: string; readonly vmMore?: string; readonly more?: string } = {},
): Promise<StillshotCli> {
  const cli = await StillshotCli.makeEmpty(lab, guest)
  await cli.writeConfig(`hypervisors:
  ${entry.line}
ssh: { user: ${guest.user}, key: ${guest.userKeyPath}, knownHosts: known_hosts, connectTimeout: 60s }
vms:
  ${guest.name}:
    hypervisor: ${entry.name}
    id: "${entry.id}"
    ssh: { host: ${guest.host}, port: ${guest.sshPort} }
    hold: ${written.hold ?? '{ ttl: 180s, budget: 170s }'}
${written.vmMore ?? ''}
state: { directory: state }
${written.more ?? ''}
`)
  await cli.installHelper(guest)
  return cli
}
