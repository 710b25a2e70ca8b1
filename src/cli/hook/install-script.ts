import { StillshotError } from '../../errors.ts'
import { shellWord } from '../../system/shell-word.ts'

/** How the script on the host reaches stillshot. */
export type Reach =
  /** Both are one machine. `command`: what starts stillshot there. */
  | { readonly kind: 'here'; readonly command: readonly string[]; readonly hypervisor: string }
  | { readonly kind: 'ssh'; readonly to: SshPlace; readonly key: string; readonly knownHosts: string }

export interface SshPlace {
  readonly user: string
  readonly host: string
  readonly port: number
}

export interface ScriptSettings {
  readonly reach: Reach
  readonly onFailure: 'fail' | 'continue'
  /** Vmids that are under `vms:` now. */
  readonly vmids: readonly string[]
}

const BEGIN = '# --- settings: begin ---\n'
const END = '# --- settings: end ---\n'

/** The script for a host, its settings filled in. Throws `usage` for words that cannot be one. Pure. */
export function vzdumpScript(template: string, { reach, onFailure, vmids }: ScriptSettings): string {
  const [head = '', rest = ''] = cut(template, BEGIN)
  const [before, after] = cut(rest, END)
  if (before === undefined || after === undefined) throw new StillshotError('defect', 'the script has no settings')
  const kept = before.split('\n').filter((line) => /^(STATE|TASKS|LOGS)=/.test(line))
  const settings = [
    '# What to do with a backup that cannot be held: fail, or continue (as after a power cut, with an alarm).',
    `ON_FAILURE=${onFailure}`,
    '# The guests that were stillshot’s when this was written, for when the coordinator cannot be asked.',
    `VMS='${vmids.filter((vmid) => /^[0-9]+$/.test(vmid)).join(' ')}'`,
    ...kept,
    `call() { exec ${callOf(reach).map(word).join(' ')} "$@"; }`,
  ]
  return `${head}${BEGIN}${settings.join('\n')}\n${END}${after}`
}

/** `restrict,command="…"`: what stands before the host's key in authorized_keys, so that it lets nothing but the hook through. */
export function authorizedKeysOptions(command: readonly string[]): string {
  const line = command.map(word).join(' ')
  return `restrict,command="${line.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** `user@host` or `user@host:port`; IPv6 in brackets. Throws `usage`. Pure. */
export function readSshPlace(text: string): SshPlace {
  const [, user, bracketed, plain, port] =
    /^([a-z_][a-z0-9_-]*)@(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (user === undefined || host === undefined || host.startsWith('-') || Number(port ?? 22) > 65_535) {
    throw new StillshotError('usage', `${JSON.stringify(text)} is not USER@HOST or USER@HOST:PORT`)
  }
  return { user, host, port: Number(port ?? 22) }
}

function callOf(reach: Reach): readonly string[] {
  if (reach.kind === 'here') return [...reach.command, 'hook', 'vzdump', '--hypervisor', reach.hypervisor]
  // Which hypervisor is meant is none of the host's business: the forced command of its key says so.
  const { to } = reach
  const [key, knownHosts] = [sshPath(reach.key), sshPath(reach.knownHosts)]
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHosts}`,
    'IdentitiesOnly=yes',
    'ConnectTimeout=10',
    // A line that is dead ends the call; the coordinator hears of it by itself.
    'ServerAliveInterval=5',
    'ServerAliveCountMax=3',
  ]
  return [
    ...['/usr/bin/ssh', '-F', '/dev/null', '-T', '-a', '-x', '-i', key],
    ...options.flatMap((option) => ['-o', option]),
    ...['-p', String(to.port), '-l', to.user, '--', to.host, 'hook', 'vzdump'],
  ]
}

/** ssh cuts values at blanks, and reads `%` and `~` in them: paths are plain. */
function sshPath(path: string): string {
  if (/^\/[A-Za-z0-9@_./-]+$/.test(path)) return path
  throw new StillshotError('usage', `${JSON.stringify(path)} is no plain absolute path`)
}

function word(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them belongs in a line of a script
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) {
    throw new StillshotError('usage', `${JSON.stringify(text)} cannot be a word of a command`)
  }
  return shellWord(text)
}

function cut(text: string, at: string): readonly [string, string] | readonly [undefined, undefined] {
  const place = text.indexOf(at)
  return place < 0 ? [undefined, undefined] : [text.slice(0, place), text.slice(place + at.length)]
}
