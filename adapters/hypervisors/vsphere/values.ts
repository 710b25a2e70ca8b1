/**
 * Reading answers. `soap` gives each element as text, as an object of its children (several of one name become a list),
 * or, where it has attributes, as `{ attributes, $value }`. Whether a list of one is a list, only its reader knows.
 */
export type Value = unknown

/** A managed object: its type and its id in this server. */
export interface Ref {
  readonly type: string
  readonly value: string
}

export function field(value: Value, ...path: readonly string[]): Value {
  return path.reduce<Value>((inner, name) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, name)) return undefined
    return (inner as Record<string, Value>)[name]
  }, value)
}

export function list(value: Value): readonly Value[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

/** Empty where there is none. */
export function text(value: Value): string {
  if (typeof value === 'object' && value !== null) return text(field(value, '$value'))
  return value === undefined || value === null ? '' : String(value)
}

export function number(value: Value): number {
  return Number(text(value) || 0)
}

export function flag(value: Value): boolean {
  return text(value) === 'true' || text(value) === '1'
}

/** Undefined where there is none. */
export function ref(value: Value): Ref | undefined {
  const type = text(field(value, 'attributes', 'type'))
  return type === '' ? undefined : { type, value: text(value) }
}

/** The type that the server says the value is of (`xsi:type`, whatever the prefix), without its own prefix. */
export function typeOf(value: Value): string {
  const attributes = Object.entries((field(value, 'attributes') ?? {}) as Record<string, Value>)
  const [, type] = attributes.find(([name]) => name.endsWith(':type')) ?? []
  return text(type).replace(/^.*:/, '')
}

/** As a parameter. */
export function asValue({ type, value }: Ref): object {
  return { attributes: { type }, $value: value }
}

export function isSameRef(one: Ref | undefined, other: Ref | undefined): boolean {
  return one !== undefined && one.type === other?.type && one.value === other.value
}
