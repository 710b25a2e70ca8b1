import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { readPermissions, rightsFindings } from './check-rights.ts'
import { api, type Cluster } from './cluster.ts'

/** What is asked of the guest agent, by the privilege for it. */
export type AgentPrivilege = 'VM.GuestAgent.FileSystemMgmt' | 'VM.GuestAgent.Unrestricted'

/** The first release that has a privilege for each kind of request; VM.Monitor was for all of them. */
const TOLD_APART_SINCE = 9
const EVERYTHING = 'VM.GuestAgent.Unrestricted'

/** Whether the credentials may ask the agent of this VM for it, in the release that is there. */
export async function agentRightsFindings(
  cluster: Cluster,
  vm: Pick<Vm, 'nativeId'>,
  privilege: AgentPrivilege,
  call: Call,
): Promise<readonly Finding[]> {
  const { version } = await api(cluster, { call, doing: 'ask for the version' }).version.$get()
  if (Number.parseInt(version, 10) < TOLD_APART_SINCE) return rightsFindings(cluster, vm, ['VM.Monitor'], call)
  const path = `/vms/${vm.nativeId}`
  const has = (await readPermissions(cluster, call, path))[path] ?? {}
  return rightsFindings(cluster, vm, [EVERYTHING in has ? EVERYTHING : privilege], call)
}
