import type { Fault } from '../fault.ts'

const FILLER = 'stillshot-lab-filler'

/** Fills a file system of the guest to the last byte. */
function fullInGuest(
  name: string,
  folder: string,
  at: readonly string[],
  about: string,
  more: Fault['at'] = {},
): Fault {
  const file = `${folder}/${FILLER}`
  return {
    name,
    about,
    at: { ...more, snapshot: at },
    elsewhere:
      'after: the guest is not spoken to any more; stop: as hold; the release after hold/held is that of snapshot/release',
    hinders: true,
    inject: async ({ guest }) => {
      await guest.run(
        `fallocate -l "$(df -B1 --output=avail ${folder} | tail -n 1 | tr -d ' ')" ${file}; cat /dev/zero >> ${file} 2>/dev/null; :`,
        { timeoutMs: 120_000 },
      )
    },
    lift: async ({ guest }) => void (await guest.run(`rm -f ${file}`, { timeoutMs: 120_000 })),
  }
}

const AT = ['preflight', 'drain', 'hold', 'snapshot', 'release', 'come-back', 'grade']
export const fullRun = fullInGuest('full-run', '/run', AT, '/run of the guest is full until the command has ended', {
  hold: ['held'],
  backup: ['preflight', 'dump'],
  'restore-backup': ['hold', 'load'],
})
export const fullVar = fullInGuest(
  'full-var',
  '/var',
  AT,
  '/var of the guest (its root disk) is full until the command has ended',
  { backup: ['preflight', 'dump'], 'restore-backup': ['hold', 'safety-dump', 'load'] },
)
export const fullData = fullInGuest(
  'full-data',
  '/srv/data',
  ['preflight', 'hold', 'snapshot', 'release', 'come-back'],
  'the disk of the data directory is full until the command has ended',
  { 'restore-backup': ['load'] },
)

export const fullState: Fault = {
  name: 'full-state',
  about: 'the disk of the state directory is full until the command has ended',
  at: {
    snapshot: ['preflight', 'drain', 'hold', 'snapshot', 'release', 'come-back', 'grade', 'after'],
    restore: ['safety-snapshot', 'roll-back', 'boot'],
    hold: ['held'],
    release: ['release'],
    recover: ['database'],
    backup: ['preflight', 'dump', 'list', 'after'],
    'restore-backup': ['hold', 'safety-dump', 'load', 'release'],
  },
  elsewhere: 'stop: as hold; recover/tidied: as database',
  inject: ({ disk }) => disk.fill(),
  lift: ({ disk }) => disk.empty(),
}

export const fullRepository: Fault = {
  name: 'full-repository',
  about: 'the disk of the repository is full until the command has ended',
  at: { backup: ['preflight', 'dump', 'list'], 'restore-backup': ['safety-dump', 'load'] },
  elsewhere:
    'snapshot, hold, release, restore of snapshots, prune, drill: no repository; backup/after, restore-backup/release: nothing is written there any more; restore-backup/hold: as safety-dump',
  inject: ({ repository }) => repository.fill(),
  lift: ({ repository }) => repository.empty(),
}
