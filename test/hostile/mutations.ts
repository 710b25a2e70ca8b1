import fc from 'fast-check'

/** Lone surrogates and control characters too; `unit: 'binary'` of fast-check takes seconds to be made. */
export function anyText(maxLength: number, minLength = 0): fc.Arbitrary<string> {
  return fc.array(fc.nat(0xffff), { minLength, maxLength }).map((codes) => String.fromCharCode(...codes))
}

const DEEP = '(deep)'

/** Values that no schema expects where they will stand, and words that mean something to JavaScript. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', 0, -1, 0.5, 1e308, -1e308, 2 ** 53, 2 ** 31, [], {}),
  fc.constantFrom('NaN', 'Infinity', '\ud800', '\u0000', '\u001b[2J', '\u202e', '__proto__', 'constructor', 'toString'),
  fc.constantFrom('x'.repeat(20_000), DEEP, JSON.parse('{"__proto__":{"ok":true}}'), JSON.parse(nestedJson(50))),
  fc.jsonValue({ maxDepth: 2 }),
)

/** One change of a document: at the place of this number, to this value. */
export interface Change {
  readonly kind: 'replace' | 'remove' | 'add' | 'swap'
  readonly at: number
  readonly other: number
  readonly value: unknown
}

export const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('replace', 'replace', 'remove', 'add', 'swap'),
  at: fc.nat(100_000),
  other: fc.nat(100_000),
  value: oddValue,
})

/** A copy of the document with the changes made one after the other. */
export function changed(document: unknown, changes: readonly Change[]): unknown {
  const copy = { root: structuredClone(document) }
  for (const { kind, at, other, value } of changes) {
    const places = placesIn(copy)
    const place = places[at % places.length]
    const from = places[other % places.length]
    if (place === undefined || from === undefined) continue
    if (kind === 'remove' && place.holder !== copy) remove(place)
    else if (kind === 'swap') put(place, structuredClone(from.holder[from.key]))
    else if (kind === 'add') put({ holder: holderAt(place), key: `odd${at}` }, structuredClone(value))
    else put(place, structuredClone(value))
  }
  return copy.root
}

interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

function placesIn(holder: object): Place[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    { holder: holder as Record<string, unknown>, key },
    ...(typeof value === 'object' && value !== null ? placesIn(value) : []),
  ])
}

function holderAt({ holder, key }: Place): Record<string, unknown> {
  const value = holder[key]
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : holder
}

function put({ holder, key }: Place, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else delete holder[key]
}

/** Everything in the document that holds nothing itself, with the number that {@link changed} knows its place by. */
export function leaves(document: unknown): readonly { readonly at: number; readonly value: unknown }[] {
  return placesIn({ root: document })
    .map(({ holder, key }, at) => ({ at, value: holder[key] }))
    .filter(({ value }) => typeof value !== 'object' || value === null)
}

/** Lists in lists, as JSON. */
export function nestedJson(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

/** JSON of the document, with what {@link oddValue} could not hold without blowing every stack on its way. */
export function toJson(document: unknown): string {
  return JSON.stringify(document).replaceAll(`"${DEEP}"`, nestedJson(100_000))
}
