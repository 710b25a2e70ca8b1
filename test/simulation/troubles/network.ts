import type { Trouble } from '../trouble.ts'

const requestLost: Trouble = {
  name: 'request to the guest lost',
  strike({ chance, network }) {
    network.queue({ delayMs: chance.between(1, 5_000), lose: 'request' })
    return true
  },
}

const answerLost: Trouble = {
  name: 'answer of the guest lost',
  strike({ chance, network }) {
    network.queue({ delayMs: chance.between(1, 200), lose: 'answer' })
    return true
  },
}

/** A request that arrives when others have gone on. One that is later has lost its connection: SSH keeps asking. */
const requestLate: Trouble = {
  name: 'request to the guest late',
  strike({ chance, network }) {
    network.queue({ delayMs: chance.between(1_000, 30_000) })
    return true
  },
}

const linkCut: Trouble = {
  name: 'connections to the guest cut',
  strike({ network }) {
    network.cut()
    return true
  },
}

const linkDown: Trouble = {
  name: 'guest’s link down',
  strike({ chance, clock, network }) {
    network.downUntilMs = clock.monotonic() + chance.pick([2_000, 5_000, 20_000, 200_000])
    network.cut()
    return true
  },
}

/** A clone has the address from now on, or has given it back. */
const otherMachine: Trouble = {
  name: 'another machine has the guest’s address',
  strike({ network }) {
    network.leadsAstray = !network.leadsAstray
    network.cut()
    return true
  },
}

export const networkTroubles: readonly Trouble[] = [
  requestLost,
  answerLost,
  answerLost,
  requestLate,
  linkCut,
  linkDown,
  otherMachine,
]
