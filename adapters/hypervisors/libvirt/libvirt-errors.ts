import { type ErrorCode, StillshotError } from '../../../src/errors.ts'

/** What virsh says about its connection while the command itself may still succeed. */
const NOISE = /^error: (Disconnected from .*|Reconnected to the hypervisor)$/

/** Texts of virsh and libvirt 9 to 11 (LC_ALL=C.UTF-8), first match wins. This file alone reads them. */
const CODES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/(domain moment|snapshot) \S+ already exists/, 'snapshot-exists'],
  [/Domain snapshot not found|no domain snapshot with matching name/, 'snapshot-not-found'],
  [/failed to get domain|Domain not found/, 'vm-not-found'],
  [/[Nn]o space left on device|Disk quota exceeded/, 'storage-full'],
  [
    /cannot acquire state change lock|another (migration )?job|already in active block job|block copy still active/,
    'vm-locked',
  ],
  [/Failed to get "(write|consistent read|shared \S+)" lock|Is another process using the image/, 'vm-locked'],
  [/multiple children|deletion of external disk snapshots with/, 'snapshot-has-branches'],
  [/domain is not running|Requested operation is not valid: domain is not/, 'vm-not-running'],
  [
    /failed to connect to the hypervisor|Failed to connect socket|authentication (failed|unavailable)|Cannot recv data|End of file while reading|client socket is closed|internal error: client socket|[Nn]o connection|Broken pipe|keepalive/,
    'hypervisor-unreachable',
  ],
  [/unsupported configuration|Operation not supported|operation .*not supported/, 'snapshot-unsupported'],
]

/** The texts after which a change may or may not have been made. */
const CONNECTION_LOST = /Cannot recv data|End of file while reading|client socket is closed|Broken pipe|keepalive/

/** Virsh's own words on its error pipe without the noise; empty when the command worked. */
export function errorWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => !NOISE.test(line))
  const first = lines.findIndex((line) => line.startsWith('error: '))
  if (first === -1) return ''
  return lines
    .slice(first)
    .map((line) => line.replace(/^error: /, '').trim())
    .filter((line) => line !== '')
    .join(': ')
}

/**
 * Virsh's words as an error of the table. `doing` names the act and its object; `all` is what the commands after the
 * failed one said as well.
 */
export function libvirtError(doing: string, words: string, change: boolean, all: string = words): StillshotError {
  const lost = change && CONNECTION_LOST.test(all)
  const code = lost ? 'answer-lost' : (CODES.find(([pattern]) => pattern.test(words))?.[1] ?? 'hypervisor-refused')
  return new StillshotError(code, `${doing}: ${words}`, { details: { words } })
}

/** The VM that a command has looked for and not found; undefined when it failed otherwise. */
export function soughtInVain(words: string): string | undefined {
  return /^failed to get domain '(.+?)'/.exec(words)?.[1]
}

/** True when `start` or `destroy` found the VM in the state that was asked for. */
export function isAlreadyInState(error: unknown): boolean {
  return error instanceof StillshotError && /already active|already running|domain is not running/.test(error.message)
}

/** True when a block job was asked about that is not there (any more). */
export function isNoBlockJob(error: unknown): boolean {
  return (
    error instanceof StillshotError &&
    /no active (block job|operation)|block job .* not found|No current block job/i.test(error.message)
  )
}
