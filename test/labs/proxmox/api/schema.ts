import { parameterRefusal } from '../refusal.ts'

/** A parameter of a call, as the API's schema describes it. */
export interface Property {
  /** `array`: of strings, given as the same name several times; what is checked holds them as JSON. */
  readonly type: 'string' | 'integer' | 'boolean' | 'array'
  readonly optional?: true
  readonly format?: keyof typeof FORMATS
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly string[]
}

export type Properties = Readonly<Record<string, Property>>

/** What arrived: undefined for a name without a value, a list for a name given twice. */
export type RawParameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** After the check: every value is a string of its type; booleans are `1` and `0`. */
export type Parameters = Readonly<Record<string, string>>

/** Each gives Perl's error text, newline included, or undefined. */
const FORMATS = {
  'pve-configid': (value: string) =>
    /^[a-z][a-z0-9_-]+$/i.test(value) ? undefined : `invalid configuration ID '${value}'\n`,
  'pve-node': (value: string) =>
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(value) ? undefined : 'value does not look like a valid node name\n',
  'pve-vmid': (value: string) =>
    /^[1-9][0-9]{2,8}$/.test(value) ? undefined : 'value does not look like a valid VM ID\n',
} as const

const TRUE = /^(1|on|yes|true)$/i
const FALSE = /^(0|off|no|false)$/i

/** Checks what arrived against the schema. A Refusal 400 that names every wrong parameter. */
export function checkParameters(raw: RawParameters, properties: Properties): Parameters {
  const errors: Record<string, string> = {}
  const checked: Record<string, string> = {}
  for (const [name, property] of Object.entries(properties)) {
    const value = raw[name]
    if (value === undefined) {
      if (property.optional === undefined) errors[name] = 'property is missing and it is not optional'
      continue
    }
    if (property.type === 'array') {
      checked[name] = JSON.stringify([value].flat())
      continue
    }
    const wrong = wrongValue(value, property)
    if (wrong !== undefined) errors[name] = wrong
    else checked[name] = property.type === 'boolean' ? (TRUE.test(String(value)) ? '1' : '0') : String(value)
  }
  for (const name of Object.keys(raw)) {
    if (!Object.hasOwn(properties, name)) {
      errors[name] = 'property is not defined in schema and the schema does not allow additional properties'
    }
  }
  if (Object.keys(errors).length > 0) throw parameterRefusal(errors)
  return checked
}

function wrongValue(value: string | readonly string[], property: Property): string | undefined {
  if (typeof value !== 'string') return `type check ('${property.type}') failed - got ARRAY`
  const rightType =
    property.type === 'string' ||
    (property.type === 'integer' ? /^[+-]?\d+$/.test(value) : TRUE.test(value) || FALSE.test(value))
  if (!rightType) return `type check ('${property.type}') failed - got '${value}'`
  const badFormat = property.format && FORMATS[property.format](value)
  if (badFormat !== undefined) return `invalid format - ${badFormat}`
  const { maxLength, minimum, maximum } = property
  if (maxLength !== undefined && [...value].length > maxLength) return `value may only be ${maxLength} characters long`
  if (maximum !== undefined && Number(value) > maximum) return `value must have a maximum value of ${maximum}`
  if (minimum !== undefined && Number(value) < minimum) return `value must have a minimum value of ${minimum}`
  if (property.enum && !property.enum.includes(value)) {
    return `value '${value}' does not have a value in the enumeration '${property.enum.join(', ')}'`
  }
  return undefined
}
