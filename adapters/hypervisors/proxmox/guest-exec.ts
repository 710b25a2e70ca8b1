import { StillshotError } from '../../../src/errors.ts'
import type { AgentCommand, AgentCommandEnd, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { type Cluster, onNode, vmApi } from './cluster.ts'
import { pauseAfter } from './task.ts'

/** What Proxmox VE takes for a program's input, in bytes; the agent would take more. */
const LONGEST_INPUT_BYTES = 65_536

/** Starts the program once, then asks until it has ended. It needs VM.GuestAgent.Unrestricted (before 9: VM.Monitor). */
export async function execInGuest(
  cluster: Cluster,
  vm: Vm,
  { argv, stdin = '' }: AgentCommand,
  call: Call,
): Promise<AgentCommandEnd> {
  const doing = `run ${argv[0]} in ${vm.name}`
  if (Buffer.byteLength(stdin) > LONGEST_INPUT_BYTES) {
    throw new StillshotError(
      'hypervisor-refused',
      `${doing}: Proxmox VE takes ${LONGEST_INPUT_BYTES} bytes of input at most`,
    )
  }
  // A word without a character is as good as none in a form, and the others would move up.
  if (argv.includes('')) throw new StillshotError('hypervisor-refused', `${doing}: Proxmox VE loses empty words`)
  const { clock } = cluster
  const input = stdin === '' ? {} : { 'input-data': asOctets(stdin) }
  const started = await onNode(cluster, vm, call, (node) =>
    vmApi(cluster, vm, node, { call, doing }).agent.exec.$post({ command: [...argv], ...input }),
  )
  const pid = Number(started.pid)
  const begunAt = clock.monotonic()
  for (;;) {
    const status = await onNode(cluster, vm, call, (node) =>
      vmApi(cluster, vm, node, { call, doing }).agent['exec-status'].$get({ pid }),
    )
    if (isOn(status.exited)) return endOf(doing, status)
    await clock.sleep(pauseAfter(clock.monotonic() - begunAt), call.signal)
  }
}

type Status = Readonly<Record<string, unknown>>

function endOf(doing: string, status: Status): AgentCommandEnd {
  if (isOn(status['out-truncated']) || isOn(status['err-truncated'])) {
    throw new StillshotError('hypervisor-refused', `${doing}: the agent cut its output off`)
  }
  const { exitcode, signal } = status
  const [stdout, stderr] = [fromOctets(status['out-data']), fromOctets(status['err-data'])]
  return { exitStatus: exitcode === undefined ? 128 + Number(signal ?? 0) : Number(exitcode), stdout, stderr }
}

function isOn(value: unknown): boolean {
  return value === true || Number(value) === 1
}

/** Proxmox VE puts its base64 around the characters as if each were an octet, so each octet is sent as a character. */
function asOctets(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** And takes it off the same way. */
function fromOctets(data: unknown): string {
  const text = String(data ?? '')
  if ([...text].some((character) => character > '\u00ff')) return text
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
