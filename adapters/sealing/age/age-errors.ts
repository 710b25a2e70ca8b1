import { StillshotError } from '../../../src/errors.ts'
import { ProgramFailed } from '../../programs/stream-program.ts'

/** What age says where this machine's identity is none, or another one. */
const OTHER_IDENTITY =
  /no identity matched|malformed|unknown identity|failed to (open|parse|read)( file)?:? .*\/dev\/fd|no secret keys|incorrect passphrase/i

/** What age said while it sealed. What is no failure of age passes as it is. */
export function sealError(thrown: unknown): unknown {
  if (!(thrown instanceof ProgramFailed)) return thrown
  return missing(thrown) ?? new StillshotError('sealing-failed', saidBy(thrown), { cause: thrown })
}

/** What age said while it opened `name`: either the identity is another one, or the bytes are not as they were sealed. */
export function openError(thrown: unknown, name: string): unknown {
  if (!(thrown instanceof ProgramFailed)) return thrown
  const said = `${name} cannot be opened: ${saidBy(thrown)}`
  const code = OTHER_IDENTITY.test(thrown.stderr) ? 'identity-missing' : 'backup-damaged'
  return missing(thrown) ?? new StillshotError(code, said, { cause: thrown })
}

function missing({ cause }: ProgramFailed): StillshotError | undefined {
  if ((cause as { code?: unknown } | undefined)?.code !== 'ENOENT') return undefined
  return new StillshotError('sealing-failed', 'age is not on this machine', { hint: 'install it: apt install age' })
}

/** Its first line: the others say where to report. */
function saidBy({ stderr, message }: ProgramFailed): string {
  const [line = ''] = stderr.split('\n')
  return line.trim() === ''
    ? message
    : line
        .trim()
        .replace(/^age: (error: )?/, '')
        .slice(0, 300)
}
