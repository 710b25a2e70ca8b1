import { StillshotError } from '../../../src/errors.ts'
import { ProgramFailed } from '../../programs/stream-program.ts'

/** How the repository is named in messages, and in commands that a person types. */
export interface Named {
  readonly name: string
  /** For the shell; without a password. */
  readonly address: string
}

const LOCKED = /unable to create lock|already locked/i
const FULL = /no space left|disk quota|quota exceeded|insufficient storage|file too large/i
const PASSWORD = /wrong password|no key found/i
const ABSENT = /unable to open config file|is there a repository/i
/** What restic finds wrong with bytes that it has read. */
const DAMAGED =
  /ciphertext verification|invalid data|hash mismatch|does not match id|not found in (the )?(repository|index)|blob .*not found|unexpected eof|integrity|pack .*(damaged|truncated)|no such file|does not exist|not found: path|cannot dump/i

/** What restic said of a call, in words of ours. An abort and what is ours already pass as they are. */
export function resticError(thrown: unknown, { name, address }: Named): unknown {
  if (!(thrown instanceof ProgramFailed)) return thrown
  const words = saidBy(thrown)
  const said = `repository ${name}: ${words}`
  const options = { cause: thrown }
  if (isMissing(thrown)) {
    const hint = 'install it: apt install restic'
    return new StillshotError('repository-unusable', `repository ${name}: restic is not on this machine`, { hint })
  }
  if (LOCKED.test(words)) {
    const hint = `wait for it; if that process is dead: restic -r ${address} unlock`
    return new StillshotError('repository-locked', said, { ...options, hint })
  }
  if (FULL.test(words)) return new StillshotError('storage-full', said, options)
  if (PASSWORD.test(words)) {
    const hint = `name the password of the repository under repositories.${name}.password`
    return new StillshotError('repository-unusable', said, { ...options, hint })
  }
  if (ABSENT.test(words)) {
    const hint = `if it was never made: restic -r ${address} init, with the password of repositories.${name}`
    return new StillshotError('repository-unusable', said, { ...options, hint })
  }
  return new StillshotError('repository-unusable', said, options)
}

/** The same for a call that reads what is stored: bytes that are not as they were written are damage, not a bad connection. */
export function resticReadError(thrown: unknown, named: Named, where: string): unknown {
  const error = resticError(thrown, named)
  if (!(thrown instanceof ProgramFailed) || !(error instanceof StillshotError)) return error
  if (error.code !== 'repository-unusable' || ABSENT.test(error.message) || !DAMAGED.test(thrown.stderr)) return error
  return new StillshotError('backup-damaged', `${where} cannot be read: ${saidBy(thrown)}`, { cause: thrown })
}

function isMissing({ cause }: ProgramFailed): boolean {
  return (cause as { code?: unknown } | undefined)?.code === 'ENOENT'
}

/** One line of it. restic shows addresses, and those of a server may hold a password. */
function saidBy({ stderr, message }: ProgramFailed): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const words = lines.filter((line) => line !== '' && !line.startsWith('{')).join('; ')
  const shown = words.replace(/\/\/[^/@\s]*@/g, '//…@').slice(0, 500)
  return shown === '' ? message : shown
}
