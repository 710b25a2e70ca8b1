import { onlyWhenChanged } from '../counted-map.ts'
import type { MakeInvariant } from '../invariant.ts'
import { STATE, truthKey } from '../world.ts'

/**
 * A drill touches nothing of the VM itself, and speaks against a point only where its disks are not what its grade says:
 * here nothing damages what was good, so that of a point that is good every drill has passed, or has come to no conclusion.
 */
export const drilled: MakeInvariant = ({ hosts, truths }) => ({
  promise: 'a drill harms nothing and nobody',
  onArrival(arrival) {
    const isDrill = (run: string) =>
      hosts.some(({ files }) => files.synced(`${STATE}/runs/${run}.jsonl`).includes('"procedure":"drill"'))
    if (arrival.at === 'guest') {
      return arrival.words.some((word) => word.length === 26 && isDrill(word))
        ? `a drill asks the VM itself for ${arrival.verb}`
        : undefined
    }
    const { change, run, name } = arrival
    if (change !== 'create' && change !== 'remove' && change !== 'roll-back') return undefined
    return run !== undefined && isDrill(run) ? `a drill does ${change} to the VM itself: ${name}` : undefined
  },
  onEvent: onlyWhenChanged([truths, ...hosts.map(({ catalog }) => catalog.points)], () => {
    for (const { catalog } of hosts) {
      for (const point of catalog.points.values()) {
        const failed = point.drills?.some(({ result }) => result === 'failed') === true
        if (failed && truths.get(truthKey(point))?.stoppedAndSynced === true) {
          return `${point.snapshot} is good, and a drill of it failed: ${JSON.stringify(point.drills)}`
        }
      }
    }
    return undefined
  }),
})
