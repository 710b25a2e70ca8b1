import { createHash } from 'node:crypto'

/** The same things in an order that means nothing, as they come out of a Perl hash; the same one each time. */
export function inDisorder<Thing>(things: readonly Thing[], nameOf: (thing: Thing) => string): readonly Thing[] {
  const key = (thing: Thing) => createHash('md5').update(nameOf(thing)).digest('hex')
  return things.toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
}

/** A document whose keys stand in no order. */
export function keysInDisorder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysInDisorder)
  if (typeof value !== 'object' || value === null) return value
  const entries = inDisorder(Object.entries(value), ([key]) => key)
  return Object.fromEntries(entries.map(([key, part]) => [key, keysInDisorder(part)]))
}
