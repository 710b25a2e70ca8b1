import type { Chance } from './chance.ts'
import type { Trouble } from './trouble.ts'
import { backupTroubles } from './troubles/backups.ts'
import { copyTroubles } from './troubles/copies.ts'
import { freezeTroubles } from './troubles/freezes.ts'
import { guestTroubles } from './troubles/guest.ts'
import { hostTroubles } from './troubles/hosts.ts'
import { hypervisorTroubles } from './troubles/hypervisor.ts'
import { networkTroubles } from './troubles/network.ts'
import { peopleTroubles } from './troubles/people.ts'
import { processTroubles } from './troubles/processes.ts'
import { streamTroubles } from './troubles/streams.ts'
import type { World } from './world.ts'

/** Everything that may go wrong, by where it does: no place is rarer because fewer things can happen there. */
const PLACES: readonly (readonly Trouble[])[] = [
  processTroubles,
  hostTroubles,
  networkTroubles,
  hypervisorTroubles,
  guestTroubles,
  peopleTroubles,
  backupTroubles,
  freezeTroubles,
  copyTroubles,
  streamTroubles,
]

/** A trouble, and before which event of the world it strikes. */
export interface DueTrouble {
  readonly trouble: Trouble
  readonly event: number
}

/** Three at least, in the order of their time. */
export function chooseTroubles({ chance }: World): readonly DueTrouble[] {
  const longest = chance.pick([100, 200, 300])
  const due = Array.from({ length: chance.between(3, 6) }, () => ({
    trouble: anyTrouble(chance),
    event: chance.between(1, longest),
  }))
  return due.sort((a, b) => a.event - b.event)
}

/** Any; for who needs another because nothing was there that the first could happen to. */
export function anyTrouble(chance: Chance): Trouble {
  return chance.pick(chance.pick(PLACES))
}
