import { type ErrorCode, StillshotError } from '../../../src/errors.ts'
import type { WireAnswer } from '../../https/connection.ts'
import { commandFor, type GuestKind, kindOfTask } from './guest-kind.ts'

/** Texts of Proxmox VE 7 to 9, in answers and at the end of tasks; first match wins. This file alone reads them. */
const CODES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/(?:VM|CT) is locked \(|can't lock file .*got timeout|Failed to obtain guest migration lock/, 'vm-locked'],
  [/snapshot name '[^']*' already used/, 'snapshot-exists'],
  [/snapshot '[^']*' does not exist/, 'snapshot-not-found'],
  [/snapshot feature is not available/, 'snapshot-unsupported'],
  [/is not most recent snapshot/, 'not-supported'],
  [/Configuration file '[^']*' does not exist/, 'vm-not-found'],
  [
    /[Nn]o space left on device|Disk quota exceeded|out of (disk )?space|not enough free space|pool .* is full/,
    'storage-full',
  ],
]

/** AnyEvent::HTTP's codes for a node behind the one that was asked. Only 595 says that nothing arrived there. */
const NOT_ARRIVED = [595, 503]
const LOST = [596, 597, 599, 502, 504]

/** What this file reads of an answer. */
type Said = Omit<WireAnswer, 'cookies'>

const LONGEST_MESSAGE = 500

interface ErrorBody {
  readonly message?: string
  readonly errors?: Readonly<Record<string, string>>
}

/** True for an answer that came from a broken path to the VM's node: asking by another endpoint may help. */
export function isBrokenPath({ status }: Said): boolean {
  return NOT_ARRIVED.includes(status) || LOST.includes(status)
}

/** An answer with a status of 400 or more as an error of the table. `who`: whose credentials were used. */
export function answerError(answer: Said, request: { doing: string; change: boolean; who: string }) {
  const { status } = answer
  const { doing, change, who } = request
  const words = wordsOf(answer)
  const details = { status, words }
  if (status === 401) return notAccepted(`${doing}: ${words}`, who, details)
  if (status === 403) return notAllowed(`${doing}: ${words}`, words, who, details)
  if (isBrokenPath(answer)) {
    const code = change && LOST.includes(status) ? 'answer-lost' : 'hypervisor-unreachable'
    return new StillshotError(code, `${doing}: the node does not answer: ${status} ${words}`, { details })
  }
  return new StillshotError(codeOf(words), `${doing}: ${words}`, { details })
}

/** How a task ended, as an error of the table; `upid` and `node` are for the person who looks after it. */
export function taskError(doing: string, exitStatus: string, task: { upid: string; vmid: string }): StillshotError {
  const details = { upid: task.upid, words: exitStatus }
  if (isKilled(exitStatus)) {
    const message = `${doing}: the task of Proxmox VE was killed (${exitStatus})`
    return new StillshotError('hypervisor-refused', message, {
      details,
      hint: unlockHint(task.vmid, kindOfTask(task.upid)),
    })
  }
  return new StillshotError(codeOf(exitStatus), `${doing}: ${exitStatus}`, { details })
}

/** The way out of a lock that nobody works under any more. */
export function unlockHint(vmid: string, kind: GuestKind): string {
  const command = `${commandFor(kind)} unlock ${vmid}`
  return `look whether a task still works on the VM; if none does, type \`${command}\` as root on its node`
}

/** True when a task found something in its way that goes by itself, and had not begun. */
export function isLocked(error: unknown): boolean {
  return error instanceof StillshotError && error.code === 'vm-locked'
}

/** The exit status of a task whose process is gone without a last word. */
export function isKilled(exitStatus: string): boolean {
  return exitStatus === 'unexpected status' || exitStatus.startsWith('unable to ')
}

/** The name of a configuration's lock in the words of an error. */
export function lockIn(words: string): string | undefined {
  return /(?:VM|CT) is locked \(([a-z-]+)\)/.exec(words)?.[1]
}

export function codeOf(words: string): ErrorCode {
  return CODES.find(([pattern]) => pattern.test(words))?.[1] ?? 'hypervisor-refused'
}

/** The body's message with what it says about each parameter; where there is no body, the status line's. */
function wordsOf({ text, reason, status }: Said): string {
  let body: ErrorBody = {}
  try {
    body = (JSON.parse(text) ?? {}) as ErrorBody
  } catch {
    // Some answers are plain text or empty; then the reason says it.
  }
  const message = typeof body.message === 'string' && body.message.trim() !== '' ? body.message : reason
  const parameters = Object.entries(body.errors ?? {}).map(([name, words]) => `${name}: ${words}`)
  const all = [message, ...parameters].map((words) => words.trim().replace(/\s+/g, ' ')).filter((words) => words !== '')
  return (all.join('; ') || `status ${status}`).slice(0, LONGEST_MESSAGE)
}

function notAccepted(message: string, who: string, details: Readonly<Record<string, unknown>>): StillshotError {
  return new StillshotError('hypervisor-refused', `${message} (Proxmox VE did not accept ${who})`, {
    details,
    hint: 'a wrong, expired or deleted token, and a disabled user, all look like this: see `pveum user token list USER` on a node',
  })
}

function notAllowed(
  message: string,
  words: string,
  who: string,
  details: Readonly<Record<string, unknown>>,
): StillshotError {
  const [, path, privilege] = /\((\/[^,]*), ([^)]+)\)/.exec(words) ?? []
  const missing = path === undefined ? 'a privilege' : `${privilege} on ${path}`
  return new StillshotError('hypervisor-refused', message, {
    details: { ...details, ...(path === undefined ? {} : { path, privilege }) },
    hint: `${who} lacks ${missing}: \`pveum acl modify\` gives it; a token with privilege separation needs it itself, besides its user`,
  })
}
