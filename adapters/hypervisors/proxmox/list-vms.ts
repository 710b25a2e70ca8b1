import type { ListedVm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, listResources } from './cluster.ts'

/** Pools are shown with the VM, whoever may see the pool itself; SMBIOS UUIDs stand in the configurations alone. */
export async function listVms(cluster: Cluster, call: Call): Promise<readonly ListedVm[]> {
  const resources = await listResources(cluster, call)
  return resources
    .filter(({ template }) => !template)
    .map(({ vmid, name, node, tags, pool }) => ({
      nativeId: String(vmid),
      name,
      tags: tagsIn(tags),
      ...(pool === undefined || pool === '' ? {} : { pool }),
      node,
    }))
}

/** `a;b`: the product writes semicolons, and takes commas and blanks, too. */
function tagsIn(text: string): readonly string[] {
  return text.split(/[;,\s]+/).filter((tag) => tag !== '')
}
