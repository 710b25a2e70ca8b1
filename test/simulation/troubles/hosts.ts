import type { Trouble } from '../trouble.ts'

/** Nothing more can be written under the state directory; what is written just now may be torn. */
const diskFull: Trouble = {
  name: 'disk of a host full',
  strike({ chance, hosts, clock }) {
    chance.pick(hosts).disk = { kind: 'full', untilMs: clock.monotonic() + chance.between(50, 20_000) }
    return true
  },
}

const diskFails: Trouble = {
  name: 'disk of a host fails',
  strike({ chance, hosts, clock }) {
    chance.pick(hosts).disk = { kind: 'broken', untilMs: clock.monotonic() + chance.between(50, 20_000) }
    return true
  },
}

const catalogFails: Trouble = {
  name: 'catalog of a host cannot be used',
  strike({ chance, hosts, clock }) {
    chance.pick(hosts).catalogFailsUntilMs = clock.monotonic() + chance.between(50, 20_000)
    return true
  },
}

const HOUR_MS = 3_600_000

const clockSteps: Trouble = {
  name: 'clock of a host stepped by an hour',
  strike({ chance, hosts }) {
    chance.pick(hosts).wallOffsetMs += chance.pick([-HOUR_MS, HOUR_MS])
    return true
  },
}

const vaultAway: Trouble = {
  name: 'vault away',
  strike(world) {
    world.vaultIsAway = true
    return true
  },
}

export const hostTroubles: readonly Trouble[] = [diskFull, diskFails, catalogFails, clockSteps, vaultAway]
