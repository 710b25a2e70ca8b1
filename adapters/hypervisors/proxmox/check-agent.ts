import type { Finding } from '../../../src/finding.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { agentRightsFindings } from './agent-rights.ts'
import { notChecked } from './check-rights.ts'
import { api, type Cluster, onNode, vmApi } from './cluster.ts'
import { logsFreeze } from './quiesced.ts'
import { isCode } from './run-task.ts'
import { type Config, freezesFileSystems, hasAgent, isContainer } from './vm-config.ts'

/**
 * With the agent on, Proxmox VE freezes the guest's file systems around every snapshot; one that does not answer costs 3 s
 * while the database stands still. Where the snapshot is to be `quiesced`, nothing else will do.
 */
export async function agentFindings(
  cluster: Cluster,
  vm: Vm,
  config: Config,
  call: Call,
  quiesce: boolean,
): Promise<readonly Finding[]> {
  if (isContainer(config)) return quiesce ? [noAgent(vm)] : []
  if (!hasAgent(config)) return quiesce ? [isOff(vm, 'the guest agent is not enabled')] : []
  if (quiesce && !freezesFileSystems(config)) return [isOff(vm, 'the guest agent is told not to freeze (freeze-fs)')]
  const [answers, logs, rights] = await Promise.all([
    answerFinding(cluster, vm, call, quiesce),
    quiesce ? logFindings(cluster, call) : [],
    // A guest that a dead task left frozen is ours to thaw.
    quiesce ? agentRightsFindings(cluster, vm, 'VM.GuestAgent.FileSystemMgmt', call) : [],
  ])
  return [answers, ...logs, ...rights]
}

async function answerFinding(cluster: Cluster, vm: Vm, call: Call, quiesce: boolean): Promise<Finding> {
  const errand = { call, doing: `ask the guest agent of ${vm.name}`, changes: false }
  try {
    await onNode(cluster, vm, call, (node) => vmApi(cluster, vm, node, errand).agent.ping.$post())
    return { severity: 'ok', code: 'agent', message: 'the guest agent answers', hint: '' }
  } catch (error) {
    if (!isCode(error, 'hypervisor-refused')) throw error
    if (error.details.status === 403) {
      // Releases before 9 ask for another one.
      const { privilege = 'VM.GuestAgent.Audit' } = error.details
      const path = `/vms/${vm.nativeId}`
      if (!quiesce) return notChecked('whether the guest agent answers', `${privilege} on ${path}`)
      const unseen = 'it cannot be asked whether the guest agent answers, and so thaws what a dead task left frozen'
      return refusal('missing-privilege', unseen, `give the token ${privilege} on ${path}`)
    }
    const silent = `the guest agent is enabled, but does not answer: every snapshot waits 3 s for it (${error.details.words})`
    const hint = `start qemu-guest-agent in the guest, or \`qm set ${vm.nativeId} --agent 0\``
    if (!quiesce) return { severity: 'warn', code: 'agent-silent', message: silent, hint }
    const message = `the guest agent does not answer, so nothing can be frozen (${error.details.words})`
    return refusal('agent-silent', message, 'start qemu-guest-agent in the guest')
  }
}

async function logFindings(cluster: Cluster, call: Call): Promise<readonly Finding[]> {
  const { version } = await api(cluster, { call, doing: 'ask for the version' }).version.$get()
  if (logsFreeze(version)) return []
  const message = `Proxmox VE ${version} does not log whether it froze the guest: the point will be crash-only`
  return [{ severity: 'warn', code: 'freeze-unseen', message, hint: 'use mode stop, or upgrade to 9.2' }]
}

function noAgent({ name }: Vm): Finding {
  const message = `${name} is a container: its file systems are its node’s, and nobody freezes them from inside`
  return { severity: 'refuse', code: 'container', message, hint: 'use mode stop', error: 'not-supported' }
}

function isOff({ nativeId }: Vm, message: string): Finding {
  const hint = `\`qm set ${nativeId} --agent 1\` on its node, then stop and start the VM with qemu-guest-agent in the guest`
  return refusal('agent-off', message, hint)
}

function refusal(code: string, message: string, hint: string): Finding {
  return { severity: 'refuse', code, message, hint, error: 'hypervisor-refused' }
}
