import { waitFor } from '../../labs/wait-for.ts'
import type { Fault } from '../fault.ts'

export const guestReset: Fault = {
  name: 'guest-reset',
  about: 'the guest is reset: nothing is written back, it boots',
  at: {
    snapshot: ['preflight', 'drain', 'hold', 'stop', 'snapshot', 'release', 'come-back', 'grade'],
    restore: ['safety-snapshot', 'boot'],
    hold: ['held'],
    release: ['release'],
    backup: ['dump'],
    'restore-backup': ['hold', 'load'],
  },
  ground: 'libvirt',
  elsewhere:
    'snapshot/after: the guest is not spoken to any more, as at grade; restore/roll-back: the guest is stopped there anyway',
  inject: async (scene) => {
    // After a roll back it is powered on first: a machine that is off cannot be reset.
    const running = async () => ((await scene.isOff()) ? undefined : true)
    await waitFor(running, { what: 'the guest to run', timeoutMs: 60_000, everyMs: 20 })
    await scene.guest.reset()
  },
}
