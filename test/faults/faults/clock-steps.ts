import { writeFile } from 'node:fs/promises'
import type { Fault } from '../fault.ts'

const AT = ['preflight', 'hold', 'snapshot', 'release', 'grade']
const elsewhere = 'drain, stop, come-back, after: no time is compared there that is not compared at the boundary before'

function inGuest(name: string, step: string): Fault {
  return {
    name,
    about: `the guest’s clock steps ${step}`,
    at: { snapshot: AT, hold: ['held'] },
    elsewhere,
    ground: 'libvirt',
    inject: async ({ guest }) => void (await guest.run(`date -s '${step}'`)),
    lift: ({ ground }) => ground.setClock(),
  }
}

function ofCoordinator(name: string, about: string): Fault {
  return {
    name,
    about,
    at: { snapshot: AT },
    elsewhere,
    layer: 'clock.ts',
    inject: async ({ triggerPath }) => writeFile(triggerPath, ''),
  }
}

export const guestClockAhead = inGuest('guest-clock-ahead', '+1 hour')
export const guestClockBack = inGuest('guest-clock-back', '-1 hour')
export const clockAhead = ofCoordinator('clock-ahead', 'the clock of stillshot’s machine steps an hour ahead')
export const clockBack = ofCoordinator('clock-back', 'the clock of stillshot’s machine steps an hour back')
