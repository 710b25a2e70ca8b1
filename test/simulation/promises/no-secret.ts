import type { MakeInvariant } from '../invariant.ts'
import { CANARY, STATE, VM } from '../world.ts'

/** Promise 8: the secret is in no journal, log line, record of a catalog, description or word of a command. */
export const noSecret: MakeInvariant = ({ hosts, books, logged }) => ({
  promise: 'nothing secret is printed, logged, journalled or passed in argv',
  onArrival(arrival) {
    return arrival.at === 'guest' && arrival.words.join(' ').includes(CANARY) ? 'in the words of a command' : undefined
  },
  async atEnd() {
    if (logged.some((line) => line.includes(CANARY))) return 'in the log'
    for (const { files } of hosts) {
      for (const name of await files.list(`${STATE}/runs`)) {
        if (files.content(`${STATE}/runs/${name}`).includes(CANARY)) return `in ${name}`
      }
    }
    // Hosts may share one.
    for (const { points, runs, holds, locks } of new Set(hosts.map(({ catalog }) => catalog))) {
      const records = [points, runs, holds, locks].flatMap((table) => [...table.values()])
      if (JSON.stringify(records).includes(CANARY)) return 'in the catalog'
    }
    const described = books.state(VM).snapshots.some(({ snapshot }) => snapshot.description.includes(CANARY))
    return described ? 'in a description' : undefined
  },
})
