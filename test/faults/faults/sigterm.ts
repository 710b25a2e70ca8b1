import type { Fault } from '../fault.ts'
import { kill9 } from './kill-9.ts'

export const sigterm: Fault = {
  name: 'sigterm',
  about: 'stillshot is asked to end with SIGTERM',
  at: {
    ...kill9.at,
    recover: ['database'],
  },
  elsewhere: 'recover/tidied: nothing is left that could be cancelled',
  inject: async ({ begun }) => begun?.kill('SIGTERM'),
}
