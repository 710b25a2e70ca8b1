import type { Fault } from '../fault.ts'

export const sigterm: Fault = {
  name: 'sigterm',
  about: 'stillshot is asked to end with SIGTERM',
  at: {
    snapshot: ['preflight', 'drain', 'hold', 'stop', 'snapshot', 'release', 'come-back', 'grade', 'after'],
    restore: ['safety-snapshot', 'roll-back', 'boot'],
    release: ['release'],
    recover: ['database'],
  },
  elsewhere: 'recover/tidied: nothing is left that could be cancelled',
  inject: async ({ child }) => void child?.kill('SIGTERM'),
}
