/**
 * The rows of {@link ERRORS} that are about what is kept outside a hypervisor: backups, the repositories that store them,
 * and what it takes to read them. Their exit statuses: 34, 43, 49, 53 to 55, and from 60 on.
 */
export const KEEPING_ERRORS = {
  'backup-not-allowed': {
    exit: 34,
    retry: false,
    hint: 'name a repository under `vms: VM: backup:`, then run `stillshot guest install VM`: the guest keeps what is allowed',
  },
  'dump-failed': {
    exit: 49,
    retry: false,
    hint: 'no backup was kept; the words of the program in the guest stand in the message',
  },
  'load-failed': {
    exit: 43,
    retry: false,
    hint: 'what was there before is put back from the safety dump; `stillshot show RUN` tells how that ended',
  },
  'not-replayable': {
    exit: 65,
    retry: false,
    hint: 'nothing was changed: restore without --at, or to another time; the log must reach from the backup to it without a gap',
  },
  'half-restored': {
    exit: 64,
    retry: false,
    hint: 'the application stays stopped: `stillshot recover` tries to put back what was there, a restore from another backup makes it whole',
  },
  'repository-unusable': {
    exit: 53,
    retry: false,
    hint: 'nothing that was stored before has been touched; mend the named place, then run again',
  },
  'backup-not-found': { exit: 54, retry: false, hint: '`stillshot list` shows the backups and where they lie' },
  'backup-damaged': {
    exit: 55,
    retry: false,
    hint: 'do not rely on this backup: take another one, and look at the storage that keeps it',
  },
  'repository-locked': {
    exit: 62,
    retry: true,
    hint: 'another restic works there: wait for it; if its process is dead, the named command takes its lock away',
  },
  'identity-missing': {
    exit: 63,
    retry: false,
    hint: 'name the identity of a recipient under `repositories: NAME: identity:`, or open the backup where it is',
  },
  'sealing-failed': {
    exit: 63,
    retry: false,
    hint: 'no backup was kept; age must be installed here, and every recipient must be a public key of its own',
  },
} as const satisfies Record<string, { exit: number; retry: boolean; hint: string }>
