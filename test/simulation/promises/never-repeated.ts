import type { MakeInvariant } from '../invariant.ts'

/** A create whose answer was lost is settled by looking: the same one is never asked for twice. */
export const neverRepeated: MakeInvariant = () => {
  const asked = new Set<string>()
  return {
    promise: 'a create is never repeated',
    onArrival(arrival) {
      if (arrival.at !== 'hypervisor' || arrival.change !== 'create' || arrival.run === undefined) return undefined
      const again = asked.has(arrival.name)
      asked.add(arrival.name)
      return again ? `${arrival.name} was asked for twice` : undefined
    },
  }
}
