import { StillshotError } from '../errors.ts'
import type { Redaction } from '../log/redaction.ts'
import type { CommandResult, GuestTarget } from './guest-shell.ts'
import { HELPER_PATH } from './helper-path.ts'

/** No document at all: sudo or the shell spoke instead of the helper. */
export function silent(
  { vm, user }: Pick<GuestTarget, 'vm' | 'user'>,
  verb: string,
  { exitStatus, stderr }: CommandResult,
  redaction: Redaction,
): StillshotError {
  const said = redaction.text(stderr.trim()).slice(0, 500)
  if (/command not found|not found|No such file/i.test(said) || exitStatus === 127) {
    return new StillshotError('helper-missing', `${HELPER_PATH} is not in ${vm}: ${said}`)
  }
  if (/^sudo:|password is required|not allowed|may not run|sudoers/im.test(said)) {
    return new StillshotError('sudo-refused', `sudo in ${vm} does not let ${user} run the helper: ${said}`)
  }
  return new StillshotError(
    'helper-failed',
    `the helper in ${vm} ended '${verb}' with ${exitStatus ?? 'a signal'}: ${said}`,
  )
}
