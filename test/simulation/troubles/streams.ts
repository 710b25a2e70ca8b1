import type { Trouble } from '../trouble.ts'

/** In the middle, at whichever end: the caller's line, a full disk, a process that was ended. */
const cut: Trouble = {
  name: 'next stream cut off',
  strike({ guest: { helper } }) {
    helper.restores.troubles.cutsNext = true
    return true
  },
}

const refused: Trouble = {
  name: 'next stream fails in the middle',
  strike({ guest: { helper } }) {
    helper.restores.troubles.failsNext = true
    return true
  },
}

const full: Trouble = {
  name: 'repository full',
  strike({ chance, clock, repository }) {
    repository.fullUntilMs = clock.monotonic() + chance.between(500, 60_000)
    return true
  },
}

/** A share that is not there, perhaps for as long as a way back tries. */
const away: Trouble = {
  name: 'repository away',
  strike({ chance, clock, repository }) {
    repository.awayUntilMs = clock.monotonic() + chance.pick([2_000, 60_000, 1_000_000])
    return true
  },
}

/** In the moment in which it is needed most: for longer than a way back tries. */
const awayInLoad: Trouble = {
  name: 'repository away during a load',
  strike({ clock, guest: { helper, machine }, repository }) {
    if (machine.disk.half === null) return false
    helper.restores.troubles.failsNext = true
    repository.awayUntilMs = clock.monotonic() + 1_000_000
    return true
  },
}

const removalFails: Trouble = {
  name: 'removal of a backup fails in the middle',
  strike({ repository }) {
    repository.removalFails = true
    return true
  },
}

/** kill -9, where a backup becomes one. */
const killedAtFinish: Trouble = {
  name: 'process killed as it finishes a backup',
  strike({ chance, repository }) {
    repository.finishKills = chance.pick(['before', 'after'])
    return true
  },
}

/** Nobody renews for longer than a lease lives. */
const longCut: Trouble = {
  name: 'guest out of reach for long',
  strike({ chance, clock, network }) {
    network.downUntilMs = Math.max(network.downUntilMs, clock.monotonic() + chance.between(200_000, 600_000))
    network.cut()
    return true
  },
}

/** As any other, where databases are being replaced: the moment that is rarest by chance. */
const resetInLoad: Trouble = {
  name: 'guest reset during a load',
  strike({ guest: { machine } }) {
    if (machine.disk.half === null || !machine.isUp) return false
    machine.reset()
    return true
  },
}

export const streamTroubles: readonly Trouble[] = [
  cut,
  refused,
  full,
  away,
  awayInLoad,
  removalFails,
  killedAtFinish,
  longCut,
  resetInLoad,
]
