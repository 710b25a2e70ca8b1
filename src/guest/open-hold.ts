import type { StatusAnswer } from './protocol/answers.ts'

type GuestHold = StatusAnswer['holds'][number]

/** True while the guest still has something stopped for the hold, or is not sure that all of it runs again. */
export function isOpenHold({ state }: Pick<GuestHold, 'state'>): boolean {
  return state === 'stopping' || state === 'held' || state === 'releasing'
}
