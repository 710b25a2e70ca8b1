import type { ChangeTrouble } from '../hypervisor-troubles.ts'
import type { Trouble } from '../trouble.ts'

function queued(name: string, kind: ChangeTrouble['kind'], longestMs: number): Trouble {
  return {
    name,
    strike({ chance, hypervisor }) {
      hypervisor.troubles.queue({ kind, ms: chance.between(1, longestMs) })
      return true
    },
  }
}

/** It arrives after whoever gave it up has looked for its work, and gone. */
const requestLate: Trouble = {
  name: 'request to the hypervisor late',
  strike({ chance, hypervisor }) {
    hypervisor.troubles.queue({ kind: 'late', ms: chance.between(6_000, 25_000) })
    return true
  },
}

/** Rare by chance, for a safety snapshot comes before it: the machine is off in the middle of it. */
const rollBackDies: Trouble = {
  name: 'roll back dies in the middle',
  strike({ hypervisor }) {
    hypervisor.troubles.queue({ kind: 'half', ms: 1, of: 'roll-back' })
    return true
  },
}

const unreachable: Trouble = {
  name: 'hypervisor unreachable',
  strike({ chance, clock, hypervisor }) {
    hypervisor.troubles.unreachableUntilMs = clock.monotonic() + chance.pick([300, 5_000, 60_000])
    return true
  },
}

export const hypervisorTroubles: readonly Trouble[] = [
  unreachable,
  queued('task refused', 'refused', 1),
  queued('task dies in the middle', 'half', 1),
  queued('task slow', 'slow', 100_000),
  queued('answer of the hypervisor lost', 'answer-lost', 3_000),
  rollBackDies,
  requestLate,
  requestLate,
  queued('snapshot lacks a disk', 'lacks-disk', 1),
]
