import { KEEPING_ERRORS } from './keeping-errors.ts'

/**
 * Every way in which stillshot can fail, in one table: the process's exit status, whether the same call may be
 * repeated, and the way out. The command line, `--json` and docs/reference/errors.md are made from it.
 *
 * Families by tens: 1x configuration and usage, 2x hypervisor, 3x guest and database, 4x verification,
 * 5x undo and recovery, 6x what keeps backups, 130 cancelled, 1 a defect in stillshot itself.
 */
export const ERRORS = {
  defect: {
    exit: 1,
    retry: false,
    hint: 'this is a defect in stillshot: please report it with the journal of the run',
  },

  'config-invalid': {
    exit: 10,
    retry: false,
    hint: 'mend the named place; `stillshot config schema` shows what is allowed',
  },
  'config-unsafe': {
    exit: 11,
    retry: false,
    hint: 'give the file to root or yourself and take away write permission from everybody else',
  },
  'secret-unreadable': {
    exit: 12,
    retry: false,
    hint: 'a secret is env:NAME, file:PATH (readable by its owner only) or exec:COMMAND',
  },
  usage: { exit: 13, retry: false, hint: 'see `stillshot help`' },
  'vm-not-configured': {
    exit: 14,
    retry: false,
    hint: 'add the VM under `vms:`; `stillshot config show` lists what is there',
  },
  'not-supported': { exit: 15, retry: false, hint: 'see docs/reference for what this version can do' },
  'state-unwritable': { exit: 16, retry: false, hint: 'the state directory must be writable and have free space' },
  'version-newer': { exit: 17, retry: false, hint: 'this was written by a newer stillshot: use that version' },
  'catalog-damaged': {
    exit: 19,
    retry: false,
    hint: 'move the named file away, with its -wal and -shm: a new catalog is made; snapshots and journals are untouched',
  },
  'point-not-found': { exit: 18, retry: false, hint: '`stillshot list` shows the restore points' },

  'hypervisor-unreachable': {
    exit: 20,
    retry: true,
    hint: 'check the address, that the service runs, and that this user may reach it',
  },
  'hypervisor-refused': { exit: 21, retry: false, hint: 'the hypervisor said no; its own words stand in the message' },
  'server-changed': {
    exit: 57,
    retry: false,
    hint: 'another server answers than the one that was met before: see which; `stillshot trust-server` takes it as the one that is meant',
  },
  'vm-not-found': { exit: 22, retry: false, hint: 'name the VM by its native id or UUID' },
  'vm-ambiguous': { exit: 22, retry: false, hint: 'several VMs match: name it by its native id or UUID' },
  'vm-not-running': { exit: 23, retry: false, hint: 'start the VM; a VM that is off needs no hold' },
  'vm-locked': { exit: 24, retry: true, hint: 'another task works on this VM: wait for it, or end it' },
  'snapshot-unsupported': {
    exit: 25,
    retry: false,
    hint: 'the named disk cannot be in a snapshot: change it, or take it out of the VM',
  },
  'snapshot-not-found': {
    exit: 26,
    retry: false,
    hint: '`stillshot list` shows the restore points that the hypervisor still has',
  },
  'snapshot-exists': { exit: 26, retry: false, hint: 'a snapshot of this name is there already' },
  'snapshot-has-branches': { exit: 27, retry: false, hint: 'remove the restore points that stand on it first' },
  'storage-full': { exit: 28, retry: false, hint: 'free space on the storage, or remove old restore points' },
  'answer-lost': {
    exit: 29,
    retry: false,
    hint: 'the hypervisor did not say how it ended: `stillshot recover` settles it by looking',
  },

  'guest-unreachable': {
    exit: 30,
    retry: true,
    hint: 'check the address, the firewall and that sshd runs in the guest',
  },
  'host-key-unknown': {
    exit: 31,
    retry: false,
    hint: 'run `stillshot trust VM` after comparing the fingerprint on the guest’s own console',
  },
  'host-key-changed': {
    exit: 31,
    retry: false,
    hint: 'somebody may stand in between, or the guest was made anew: compare on its console, then `stillshot trust VM --replace`',
  },
  'guest-login-refused': {
    exit: 32,
    retry: false,
    hint: 'the key must be in authorized_keys of the guest’s user, and readable here by its owner only',
  },
  'sudo-refused': {
    exit: 33,
    retry: false,
    hint: 'run `stillshot guest install VM`: it writes the one line of sudoers that is needed',
  },
  'helper-missing': { exit: 34, retry: false, hint: 'run `stillshot guest install VM`' },
  'helper-altered': {
    exit: 34,
    retry: false,
    hint: 'the helper in the guest is not the one we installed: look why, then `stillshot guest install VM`',
  },
  'helper-failed': { exit: 35, retry: false, hint: 'the guest’s own words stand in the message' },
  'helper-answer-invalid': {
    exit: 35,
    retry: false,
    hint: 'the helper’s answer could not be understood: reinstall it with `stillshot guest install VM`',
  },
  'guest-locked': {
    exit: 36,
    retry: true,
    hint: 'another hold is open in the guest: `stillshot recover` settles holds that nobody owns',
  },
  'hold-refused': { exit: 37, retry: false, hint: 'nothing was left stopped; mend what is named and run again' },
  'hold-expired': {
    exit: 38,
    retry: false,
    hint: 'the watchdog started the database again before the snapshot was done: raise hold.ttl',
  },
  'hold-not-found': { exit: 39, retry: false, hint: '`stillshot hold VM` prints the id that `release` takes' },

  'grade-below-mode': {
    exit: 40,
    retry: false,
    hint: 'the restore point is kept with the grade that it earned; `stillshot show POINT` says why',
  },
  'preflight-refused': {
    exit: 41,
    retry: false,
    hint: 'nothing was stopped; mend what is named, then `stillshot check VM`',
  },
  'come-back-failed': {
    exit: 42,
    retry: false,
    hint: 'look at the database in the guest now; `stillshot show RUN` has what was seen',
  },
  'restore-unproven': {
    exit: 43,
    retry: false,
    hint: 'the VM was rolled back, but what came up is not what the restore point promises',
  },

  'backup-lost': {
    exit: 45,
    retry: false,
    hint: 'everything that was stopped for the backup was started again; its own log says how the backup ended',
  },

  'consent-missing': {
    exit: 46,
    retry: false,
    hint: 'nothing was changed; read what is named, then say that you know with --accept',
  },
  'drill-failed': {
    exit: 47,
    retry: false,
    hint: 'the restore point is suspect now: pick another one; `stillshot show POINT` says what was found',
  },
  'drill-limit': {
    exit: 56,
    retry: true,
    hint: 'nothing was changed: --wait waits for its turn; `drills:` in the configuration says what they may take',
  },
  'drill-inconclusive': {
    exit: 48,
    retry: false,
    hint: 'nothing speaks against the restore point, but not everything could be seen: mend what is named, drill again',
  },

  ...KEEPING_ERRORS,

  'copy-unproven': {
    exit: 58,
    retry: false,
    hint: 'the VM itself is as it was; look into the copy by its console, and remove it with `stillshot restore VM --remove-copy NAME`',
  },
  'copy-not-found': { exit: 58, retry: false, hint: '`stillshot list --copies` shows the copies that are kept' },
  'component-busy': {
    exit: 59,
    retry: true,
    hint: 'everything runs as before; wait for the job that is named, end it, or take another hour',
  },

  'timed-out': { exit: 44, retry: true, hint: 'it took longer than its limit; look why, then try again' },

  'undo-failed': {
    exit: 50,
    retry: false,
    hint: 'a person must look: `stillshot show RUN` lists what is open, `stillshot recover` tries again',
  },
  'run-under-way': {
    exit: 51,
    retry: true,
    hint: 'wait for it; if its process is dead, `stillshot recover` settles it',
  },
  'journal-damaged': { exit: 52, retry: false, hint: 'the journal cannot be read: look at the file that is named' },

  cancelled: { exit: 130, retry: false, hint: 'what had been begun was undone' },
} as const satisfies Record<string, { exit: number; retry: boolean; hint: string }>

/** The name of a row of {@link ERRORS}; programs branch on this, never on a message. */
export type ErrorCode = keyof typeof ERRORS

/** Extra facts of an error: plain JSON, printed by `--json`; never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** The only error class that crosses a module's border. `message`: lower case, what failed with its values, no full stop. */
export class StillshotError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly #hint: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails; hint?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StillshotError'
    this.code = code
    this.details = options.details ?? {}
    this.#hint = options.hint
  }

  /** The way out: the one given with the error, else the table's. */
  get hint(): string {
    return this.#hint ?? ERRORS[this.code].hint
  }

  get exitStatus(): number {
    return ERRORS[this.code].exit
  }
}

/** Anything thrown, as a StillshotError: an abort becomes `cancelled`, the unknown becomes `defect`. */
export function toStillshotError(thrown: unknown): StillshotError {
  if (thrown instanceof StillshotError) return thrown
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return thrown.cause instanceof StillshotError
      ? thrown.cause
      : new StillshotError('cancelled', 'cancelled', { cause: thrown })
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (thrown instanceof Error && thrown.name === 'DeadlineExceeded') {
    return new StillshotError('timed-out', message, { cause: thrown })
  }
  return new StillshotError('defect', message, { cause: thrown })
}

/** Exit status of several outcomes: a defect first, then the highest of 10 to 99, then 130, then 0. */
export function worstExitStatus(statuses: readonly number[]): number {
  if (statuses.includes(1)) return 1
  const failures = statuses.filter((status) => status >= 10 && status <= 99)
  if (failures.length > 0) return Math.max(...failures)
  return statuses.includes(130) ? 130 : 0
}
