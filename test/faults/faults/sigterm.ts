import type { Fault } from '../fault.ts'
import { kill9 } from './kill-9.ts'

export const sigterm: Fault = {
  name: 'sigterm',
  about: 'stillshot is asked to end with SIGTERM',
  at: {
    ...kill9.at,
    recover: ['database'],
    'hook-vzdump': [],
  },
  elsewhere:
    'recover/tidied: nothing is left that could be cancelled; hook-vzdump: vzdump gives no signal but to itself, see vzdump-killed',
  inject: async ({ begun }) => begun?.kill('SIGTERM'),
}
