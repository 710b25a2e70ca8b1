import type { Fault } from '../fault.ts'

export const guestReset: Fault = {
  name: 'guest-reset',
  about: 'the guest is reset: nothing is written back, it boots',
  at: {
    snapshot: ['preflight', 'drain', 'hold', 'stop', 'snapshot', 'release', 'come-back', 'grade'],
    restore: ['safety-snapshot', 'boot'],
    hold: ['held'],
    release: ['release'],
  },
  elsewhere:
    'snapshot/after: the guest is not spoken to any more, as at grade; restore/roll-back: the guest is stopped there anyway',
  inject: ({ guest }) => guest.reset(),
}
