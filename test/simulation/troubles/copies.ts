import type { Trouble } from '../trouble.ts'

/** That of the copy only, which says nothing against its data. */
const serverDoesNotStart: Trouble = {
  name: 'server of a copy does not start',
  strike({ copies }) {
    const guest = copies.running.find(({ server }) => !server.running)
    if (guest === undefined) return false
    // A boot lifts troubles, so its own clock is told.
    guest.server.troubles.startFailsUntil = Number.POSITIVE_INFINITY
    return true
  },
}

const copyDies: Trouble = {
  name: 'copy ends',
  strike({ copies }) {
    const [guest] = copies.running
    if (guest === undefined) return false
    copies.end(guest)
    return true
  },
}

/** A copy lives for a short time: what may happen to it is listed often enough to meet it. */
export const copyTroubles: readonly Trouble[] = [serverDoesNotStart, serverDoesNotStart, copyDies]
