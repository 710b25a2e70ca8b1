import type { Fault } from '../fault.ts'

/** The cell that all others are measured against. */
export const none: Fault = {
  name: 'none',
  about: 'nothing goes wrong',
  at: {
    ...{ snapshot: ['after'], restore: ['boot'], hold: ['held'], release: ['release'], recover: ['tidied'] },
    ...{ prune: ['remove'], drill: ['remove'], backup: ['after'], 'restore-backup': ['release'] },
  },
  elsewhere: 'all boundaries are the same cell',
}

export const forgotten: Fault = {
  name: 'forgotten',
  about: 'nobody releases the hold',
  at: { hold: ['held'] },
  elsewhere: 'only a hold can be forgotten',
  unfinished: true,
}
