import { StillshotError } from '../../../src/errors.ts'
import type { AgentCommand, AgentCommandEnd, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { LibvirtHost } from './host.ts'
import { wait } from './wait.ts'

/** How often its end is asked for: soon at first, for most are short. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
/** The agent may be busy, or just starting again. */
const QUESTION_MS = 20_000
const TRIES = 5

interface Status {
  readonly exited: boolean
  readonly exitcode?: number
  readonly signal?: number
  readonly 'out-data'?: string
  readonly 'err-data'?: string
  readonly 'out-truncated'?: boolean
  readonly 'err-truncated'?: boolean
}

/** guest-exec, then guest-exec-status until it has ended. What was begun goes on in the guest when the caller gives up. */
export async function guestExec(
  host: LibvirtHost,
  vm: Vm,
  { argv, stdin }: AgentCommand,
  options: CallOptions,
): Promise<AgentCommandEnd> {
  const [path = '', ...words] = argv
  const input = stdin === undefined ? {} : { 'input-data': base64(stdin) }
  const begin = { execute: 'guest-exec', arguments: { path, arg: words, ...input, 'capture-output': true } }
  const { pid } = (await agentCommand(host, vm, begin, {
    ...options,
    doing: `run ${path} in ${vm.name}`,
    change: true,
  })) as {
    pid: number
  }
  const status = await awaitEnd(host, vm, pid, path, options)
  if (status['out-truncated'] || status['err-truncated']) {
    throw new StillshotError('hypervisor-refused', `the agent of ${vm.name} cut off what ${path} printed`)
  }
  return {
    exitStatus: status.signal === undefined ? (status.exitcode ?? 0) : 128 + status.signal,
    stdout: text(status['out-data']),
    stderr: text(status['err-data']),
  }
}

async function awaitEnd(host: LibvirtHost, vm: Vm, pid: number, path: string, options: CallOptions): Promise<Status> {
  const question = { execute: 'guest-exec-status', arguments: { pid } }
  let pauseMs = FIRST_PAUSE_MS
  for (let failed = 0; ; ) {
    try {
      await wait(pauseMs, options.signal)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      const request = { ...options, timeoutMs: QUESTION_MS, doing: `ask how ${path} ended in ${vm.name}` }
      const status = (await agentCommand(host, vm, question, request)) as Status
      if (status.exited) return status
      failed = 0
    } catch (error) {
      failed += 1
      // It has run or still runs, whatever this question met.
      if (options.signal?.aborted || failed >= TRIES) {
        throw new StillshotError('answer-lost', `how ${path} ended in ${vm.name} is not known`, { cause: error })
      }
    }
  }
}

async function agentCommand(
  { session }: LibvirtHost,
  vm: Vm,
  command: unknown,
  request: CallOptions & { doing: string; change?: boolean },
): Promise<unknown> {
  const [said = ''] = await session.run([['qemu-agent-command', vm.nativeId, ascii(JSON.stringify(command))]], request)
  try {
    return (JSON.parse(said) as { return: unknown }).return
  } catch (cause) {
    throw new StillshotError('hypervisor-refused', `the agent of ${vm.name} gave no JSON`, { cause })
  }
}

/** virsh takes no control characters, some of which JSON leaves as they are. */
function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function base64(data: string): string {
  return Buffer.from(data, 'utf8').toString('base64')
}

function text(data: string | undefined): string {
  return Buffer.from(data ?? '', 'base64').toString('utf8')
}
