import { type ErrorCode, StillshotError } from '../errors.ts'
import type { Redaction } from '../log/redaction.ts'
import type { CommandResult, GuestTarget } from './guest-shell.ts'
import { HELPER_PATH } from './helper-path.ts'
import type { Refusal } from './protocol/validate.ts'

/** A map, not an object: the guest chooses the word that is looked up. */
const REFUSALS: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['guest-locked', 'guest-locked'],
  ['released-before', 'hold-expired'],
  ['unknown-profile', 'helper-missing'],
  ['not-allowed', 'backup-not-allowed'],
  ['half-restored', 'half-restored'],
  ['hold-over', 'hold-expired'],
  ['jobs-running', 'component-busy'],
])

/** The helper's own no, as an error of ours. */
export function refused(verb: string, vm: string, { code, message }: Refusal): StillshotError {
  const known = REFUSALS.get(code) ?? (verb === 'hold' ? 'hold-refused' : 'helper-failed')
  return new StillshotError(known, `${vm}: ${message}`, { details: { helperCode: code } })
}

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
