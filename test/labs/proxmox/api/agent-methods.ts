import type { Privilege } from '../access/privileges.ts'
import { agentCommand } from '../acts/agent.ts'
import { forGuests, type GuestMethod } from './guest-methods.ts'

const AUDIT: readonly Privilege[] = ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted']
const FILE_SYSTEMS: readonly Privilege[] = ['VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.Unrestricted']
const STATUS: readonly Privilege[] = ['VM.GuestAgent.Audit', ...FILE_SYSTEMS]

export const agentMethods = forGuests([
  command('POST', 'ping', AUDIT),
  command('GET', 'info', AUDIT),
  command('GET', 'get-fsinfo', AUDIT),
  command('GET', 'get-osinfo', AUDIT),
  command('GET', 'network-get-interfaces', AUDIT),
  command('POST', 'fsfreeze-status', STATUS),
  command('POST', 'fsfreeze-freeze', FILE_SYSTEMS),
  command('POST', 'fsfreeze-thaw', FILE_SYSTEMS),
])

function command(method: 'GET' | 'POST', name: string, privileges: readonly Privilege[]): GuestMethod {
  return {
    method,
    path: `/agent/${name}`,
    privileges: ({ release }) => (release.agentPrivileges === 'VM.Monitor' ? ['VM.Monitor'] : privileges),
    any: true,
    only: 'qemu',
    code: ({ cluster }, guest) => agentCommand(cluster, guest, name),
  }
}
