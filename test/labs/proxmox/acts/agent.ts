import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import type { Guest } from '../guests/guest.ts'
import { type AgentAnswer, isAgentError } from '../machines/machine.ts'
import { die } from '../refusal.ts'
import type { WorkContext } from './context.ts'

/** Whether the guest's agent answers a ping in time. A silent one costs the whole time. */
export async function agentAnswers({ times }: Cluster, { machine }: Guest): Promise<boolean> {
  const began = performance.now()
  const silence = sleep(times.agentPingMs, undefined, { ref: false })
  const answer = await Promise.race([machine.askAgent('guest-ping'), silence])
  if (answer !== undefined) return true
  await sleep(Math.max(0, times.agentPingMs - (performance.now() - began)))
  return false
}

/** The options of the agent's line in the configuration; undefined when it is not enabled. */
function agentOptions({ config }: Guest): Readonly<Record<string, string>> | undefined {
  if (config.agent === undefined) return undefined
  const [first = '', ...rest] = String(config.agent).split(',')
  const options = Object.fromEntries(rest.map((part) => part.split('=', 2)))
  return /^(enabled=)?(1|on|yes|true)$/i.test(first) ? options : undefined
}

/** Whether file systems are to be frozen and can be; the log says why not. */
export async function freezeApplies({ cluster, worker, guest }: WorkContext): Promise<boolean> {
  const options = agentOptions(guest)
  const wanted = options?.['freeze-fs'] ?? options?.['freeze-fs-on-backup'] ?? '1'
  if (options === undefined || /^(0|off|no|false)$/i.test(wanted)) {
    worker.log('skipping guest filesystem freeze - disabled in VM options')
    return false
  }
  if (!(await agentAnswers(cluster, guest))) {
    worker.log('skipping guest filesystem freeze - agent configured but not running?')
    return false
  }
  if ((await guest.machine.askAgent('guest-fsfreeze-status')) === 'frozen') {
    worker.log('skipping guest filesystem freeze - already frozen')
    return false
  }
  return true
}

/** A freeze that fails is a line in the log, and the snapshot goes on. */
export async function freeze({ worker, guest }: WorkContext): Promise<void> {
  const answer = await guest.machine.askAgent('guest-fsfreeze-freeze')
  if (answer === undefined) worker.log('querying status after freezing guest fs failed - timeout')
  else if (isAgentError(answer)) worker.log(`unable to freeze guest fs - ${answer.error.desc}`)
}

/** So is a thaw that fails. */
export async function thaw({ worker, guest }: WorkContext): Promise<void> {
  const answer = await guest.machine.askAgent('guest-fsfreeze-thaw')
  if (answer === undefined) worker.log('guest-fsfreeze-thaw problems - Agent error: unable to thaw guest filesystem')
  else if (isAgentError(answer)) worker.log(`guest-fsfreeze-thaw problems - Agent error: ${answer.error.desc}`)
}

/** A command through the API: an error from inside the guest is a result like any other. */
export async function agentCommand(cluster: Cluster, guest: Guest, command: string): Promise<{ result: unknown }> {
  return { result: await askedAgent(cluster, guest, command) }
}

/** Where the daemon itself looks at the answer, such an error is its own. */
export async function agentRequest(
  cluster: Cluster,
  guest: Guest,
  command: string,
  given: object,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await askedAgent(cluster, guest, command, given)
  if (isAgentError(answer)) die(`Agent error: ${answer.error.desc}`)
  return answer as Readonly<Record<string, unknown>>
}

async function askedAgent(cluster: Cluster, guest: Guest, command: string, given?: object): Promise<AgentAnswer> {
  if (guest.config.agent === undefined) die('No QEMU guest agent configured')
  if (!(await guest.machine.running())) die(`VM ${guest.vmid} is not running`)
  if (!(await agentAnswers(cluster, guest))) die('QEMU guest agent is not running')
  const result = await guest.machine.askAgent(`guest-${command}`, given)
  if (result === undefined) die(`VM ${guest.vmid} qmp command 'guest-${command}' failed - got timeout`)
  return result
}
