import { StillshotError } from '../../errors.ts'

/** What vzdump calls its script with, as far as it says something to us; all other phases concern nobody. */
export const CONCERNING = ['backup-start', 'backup-end', 'backup-abort'] as const
export type ConcerningPhase = (typeof CONCERNING)[number]

export interface HookCall {
  readonly phase: string
  readonly mode: string
  readonly vmid: string
  /** The run that `backup-start` told of; undefined when there was none. */
  readonly run?: string
}

const PHASE = /^[a-z]{2,16}(-[a-z]{2,16})?$/
const MODE = /^(snapshot|suspend|stop)$/
/** As Proxmox VE has them: 100 to 999999999. */
const VMID = /^[1-9][0-9]{2,8}$/
const RUN = /^[0-9A-HJKMNP-TV-Z]{26}$/

/** The words after `hook vzdump`, every one looked at. Throws `usage` for anything else. Pure. */
export function readHookCall(words: readonly string[]): HookCall {
  const [phase = '', mode = '', vmid = '', run, ...rest] = words
  if (!PHASE.test(phase)) throw unfit('phase', phase)
  if (words.length === 1) return { phase, mode, vmid }
  if (!MODE.test(mode)) throw unfit('mode', mode)
  if (!VMID.test(vmid)) throw unfit('VM', vmid)
  if (run !== undefined && !RUN.test(run)) throw unfit('run', run)
  if (rest.length > 0) throw new StillshotError('usage', `${words.length} words are too many for a phase of a backup`)
  return { phase, mode, vmid, ...(run === undefined ? {} : { run }) }
}

/** True for phases in which something must be done. */
export function concerns({ phase, mode, vmid }: HookCall): boolean {
  return (CONCERNING as readonly string[]).includes(phase) && mode !== '' && vmid !== ''
}

const LONGEST_LINE = 200

/**
 * What the holder of a key may ask for: `hook vzdump` with the words of a phase, and nothing else. `line` is what the client
 * of ssh asked for; it is cut at single blanks, and no shell ever reads it. Throws `usage`. Pure.
 */
export function readGate(line: string | undefined): HookCall {
  if (line === undefined || line === '') throw new StillshotError('usage', 'this key is for `hook vzdump` only')
  const words = line.length > LONGEST_LINE ? [] : line.split(' ')
  if (words[0] !== 'hook' || words[1] !== 'vzdump' || words.length < 3) {
    throw new StillshotError('usage', 'not allowed: this key is for `hook vzdump` only')
  }
  return readHookCall(words.slice(2))
}

function unfit(what: string, word: string): StillshotError {
  return new StillshotError('usage', `${JSON.stringify(word.slice(0, 40))} is no ${what} of a backup`)
}
