import { StillshotError } from '../../../src/errors.ts'
import type { GuestAgent, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { type Call, wholeCall } from '../../https/call.ts'
import { type Cluster, kindOf, onNode, type VmApi, vmApi } from './cluster.ts'
import { execInGuest } from './guest-exec.ts'

/**
 * qemu-guest-agent through Proxmox VE, which needs VM.GuestAgent.Audit and VM.GuestAgent.FileSystemMgmt. What the guest
 * itself refuses comes as a success with an error inside.
 */
export function guestAgent(cluster: Cluster): Required<GuestAgent> {
  const ask = (doing: string, changes: boolean, post: (agent: VmApi['agent']) => Promise<unknown>) => {
    return (vm: Vm, options?: CallOptions): Promise<void> =>
      wholeCall({ clock: cluster.clock, product: 'Proxmox VE' }, options, async (call: Call) => {
        const errand = { call, doing: `${doing} ${vm.name}`, changes }
        const answer = await onNode(cluster, vm, call, (node) => {
          refuseContainer(cluster, vm, errand.doing)
          return post(vmApi(cluster, vm, node, errand).agent)
        })
        const words = refusalIn(answer)
        if (words !== undefined) throw new StillshotError('hypervisor-refused', `${errand.doing}: ${words}`)
      })
  }
  return {
    ping: ask('ask the agent of', false, (agent) => agent.ping.$post()),
    freeze: ask('freeze', true, (agent) => agent['fsfreeze-freeze'].$post()),
    thaw: ask('thaw', true, (agent) => agent['fsfreeze-thaw'].$post()),
    exec: (vm, command, options) =>
      wholeCall({ clock: cluster.clock, product: 'Proxmox VE' }, options, (call) =>
        execInGuest(cluster, vm, command, call),
      ),
  }
}

/** A container has none. */
export function refuseContainer(cluster: Cluster, vm: Pick<Vm, 'nativeId'>, doing: string): void {
  if (kindOf(cluster, vm) === 'qemu') return
  throw new StillshotError('hypervisor-refused', `${doing}: a container has no guest agent`, {
    hint: 'reach the guest over SSH',
  })
}

function refusalIn(answer: unknown): string | undefined {
  const { result } = (answer ?? {}) as { result?: { error?: { class?: unknown; desc?: unknown } } | number }
  if (typeof result !== 'object' || result?.error === undefined) return undefined
  return String(result.error.desc ?? result.error.class)
}
