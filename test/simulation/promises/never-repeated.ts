import type { MakeInvariant } from '../invariant.ts'

/** A create whose answer was lost is settled by looking: the same one is never asked for twice. */
export const neverRepeated: MakeInvariant = () => {
  const asked = new Set<string>()
  return {
    promise: 'a create is never repeated',
    onArrival(arrival) {
      if (arrival.at !== 'hypervisor' || !['create', 'clone'].includes(arrival.change) || arrival.run === undefined)
        return undefined
      const asking = `${arrival.change} ${arrival.name}`
      const again = asked.has(asking)
      asked.add(asking)
      return again ? `${arrival.name} was asked for twice` : undefined
    },
  }
}
