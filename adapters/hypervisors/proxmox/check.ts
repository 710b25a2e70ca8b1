import { StillshotError } from '../../../src/errors.ts'
import type { HypervisorInfo } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { readPermissions } from './check-rights.ts'
import { api, type Cluster } from './cluster.ts'

/** What every command needs on at least one VM. */
const NEEDED = ['VM.Audit', 'VM.Snapshot']

/** The first version that knows API tokens with rights of their own and answers as this adapter reads it. */
const OLDEST = 7

export async function check(cluster: Cluster, call: Call): Promise<HypervisorInfo> {
  const [{ version }, permissions] = await Promise.all([
    api(cluster, { call, doing: `reach ${cluster.name}` }).version.$get(),
    readPermissions(cluster, call),
  ])
  if (Number.parseInt(version, 10) < OLDEST) {
    throw new StillshotError('not-supported', `${cluster.name} has Proxmox VE ${version}: ${OLDEST} is the oldest`, {
      hint: 'upgrade it',
    })
  }
  const places = Object.values(permissions)
  const missing = NEEDED.filter((privilege) => !places.some((privileges) => privilege in privileges))
  if (missing.length > 0) {
    throw new StillshotError(
      'hypervisor-refused',
      `the credentials for ${cluster.name} have ${missing.join(' and ')} nowhere`,
      {
        hint: "give them a role: `pveum acl modify /vms --tokens 'USER@REALM!NAME' --roles ROLE`; a token with privilege separation has no rights of its own at first",
      },
    )
  }
  return { product: 'Proxmox VE', version }
}
