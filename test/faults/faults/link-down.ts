import type { Fault } from '../fault.ts'
import type { Scene } from '../scene.ts'

const AT = ['preflight', 'drain', 'hold', 'stop', 'snapshot', 'release', 'come-back', 'grade']
const pull = ({ guest }: Scene) => guest.plugNetwork(false)
const plug = async ({ guest }: Scene) => {
  await guest.plugNetwork(true)
  await guest.dropConnection()
}
const elsewhere =
  'snapshot/after, recover/tidied: the guest is not spoken to any more; restore/roll-back: its network is off anyway'

export const linkDown5s: Fault = {
  name: 'link-down-5s',
  about: 'the guest’s link is down for 5 s',
  at: {
    ...{
      snapshot: AT,
      restore: ['hold', 'fence', 'boot'],
      hold: ['held'],
      release: ['release'],
      recover: ['database'],
    },
    ...{
      'hook-vzdump': ['hold', 'point', 'started'],
      backup: ['preflight', 'dump', 'list'],
      'restore-backup': ['hold', 'safety-dump', 'load', 'release'],
    },
  },
  elsewhere,
  inject: pull,
  lift: plug,
  liftAfterMs: 5_000,
}

export const linkDownForGood: Fault = {
  name: 'link-down-for-good',
  about: 'the guest’s link is down until the command has ended and the database is back',
  at: { snapshot: AT, release: ['release'], backup: ['dump'] },
  elsewhere: `${elsewhere}; hold/held: the release waits for the network as snapshot/release does; restore/boot: the boot is waited for ten minutes, longer than a cell may last; restore-backup/load: the guest is asked longer than that, too, see link-down-5s`,
  inject: pull,
  lift: plug,
  stays: true,
}
