import { keepsOthersOut } from '../guest/guest-hold.ts'
import type { Trouble } from '../trouble.ts'

const reset: Trouble = {
  name: 'guest reset',
  strike({ guest: { machine } }) {
    if (!machine.isUp) return false
    machine.reset()
    return true
  },
}

const paused: Trouble = {
  name: 'guest paused',
  strike({ chance, clock, guest: { machine } }) {
    if (!machine.isUp || machine.isPaused) return false
    machine.pause()
    clock.sleep(chance.between(100, 30_000)).then(() => machine.resume())
    return true
  },
}

const stopHangs: Trouble = {
  name: 'server does not stop',
  strike({ chance, guest: { machine, server } }) {
    if (!machine.isUp) return false
    const { troubles } = server
    troubles.stopHangsUntil = Math.max(troubles.stopHangsUntil, machine.uptime() + chance.between(1_000, 120_000))
    return true
  },
}

const startFails: Trouble = {
  name: 'server does not start',
  strike({ chance, guest: { machine, server } }) {
    if (!machine.isUp) return false
    const { troubles } = server
    troubles.startFailsUntil = Math.max(troubles.startFailsUntil, machine.uptime() + chance.between(1_000, 120_000))
    return true
  },
}

const dies: Trouble = {
  name: 'server dies while it stops',
  strike({ guest: { server } }) {
    server.troubles.diesAtStop = true
    return true
  },
}

const syncFails: Trouble = {
  name: 'sync fails',
  strike({ guest: { helper } }) {
    helper.troubles.syncFails = true
    return true
  },
}

const runFull: Trouble = {
  name: '/run full',
  strike({ chance, guest: { machine, helper } }) {
    helper.troubles.runFullUntil = machine.uptime() + chance.between(500, 30_000)
    return true
  },
}

const watchdogVanishes: Trouble = {
  name: 'watchdog vanishes',
  strike({ guest: { helper } }) {
    helper.troubles.watchdogVanishes = true
    return true
  },
}

/** While a hold is open: a run that has not begun yet is refused by its preflight. */
const helperReplaced: Trouble = {
  name: 'helper replaced',
  strike({ chance, guest: { machine, helper } }) {
    if (!machine.isUp || !helper.holds.some(keepsOthersOut)) return false
    helper.troubles.replacedUntil = machine.uptime() + chance.between(500, 30_000)
    return true
  },
}

export const guestTroubles: readonly Trouble[] = [
  reset,
  paused,
  stopHangs,
  startFails,
  dies,
  syncFails,
  runFull,
  watchdogVanishes,
  helperReplaced,
  helperReplaced,
  helperReplaced,
]
