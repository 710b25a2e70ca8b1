import type { Fault } from '../fault.ts'

export const kill9: Fault = {
  name: 'kill-9',
  about: 'stillshot is killed with SIGKILL',
  at: {
    snapshot: ['preflight', 'drain', 'hold', 'stop', 'snapshot', 'release', 'come-back', 'grade', 'after'],
    restore: ['hold', 'safety-snapshot', 'fence', 'roll-back', 'boot'],
    'undo-restore': ['hold', 'roll-back', 'boot'],
    release: ['release'],
    recover: ['database', 'tidied'],
    prune: ['remove'],
    drill: ['clone', 'boot', 'remove'],
    'restore-as': ['clone', 'keep', 'boot'],
    backup: ['preflight', 'dump', 'list', 'after'],
    'hook-vzdump': ['hold', 'point', 'started'],
    'restore-backup': ['hold', 'safety-dump', 'load', 'release'],
  },
  elsewhere: 'hold/held: the process has ended by itself, see forgotten',
  inject: async ({ begun }) => begun?.kill('SIGKILL'),
}
