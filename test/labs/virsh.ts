import { type CommandResult, runCommand, tryCommand } from './command.ts'

/** The `virsh` of one libvirt. Every call is one process: clear to read in a log, and fast enough for a lab. */
export interface Virsh {
  readonly uri: string
  /** Rejects unless it ends with 0; gives its output. */
  run(args: readonly string[], timeoutMs?: number): Promise<string>
  try(args: readonly string[], timeoutMs?: number): Promise<CommandResult>
}

export function virshOf(uri: string): Virsh {
  const all = (args: readonly string[]) => ['--connect', uri, '--quiet', ...args]
  return {
    uri,
    run: (args, timeoutMs = 60_000) => runCommand('virsh', all(args), { timeoutMs }),
    try: (args, timeoutMs = 60_000) => tryCommand('virsh', all(args), { timeoutMs }),
  }
}

/** Ends and forgets a domain with all that libvirt keeps about it; disk files stay. Resolves when there is none. */
export async function removeDomain(virsh: Virsh, domain: string): Promise<void> {
  await virsh.try(['destroy', domain])
  await virsh.try(['managedsave-remove', domain])
  const removed = await virsh.try(['undefine', domain, '--snapshots-metadata', '--checkpoints-metadata', '--nvram'])
  if (removed.status !== 0 && (await virsh.try(['dominfo', domain])).status === 0) {
    throw new Error(`virsh undefine ${domain}: ${removed.stderr.trim()}`)
  }
}
