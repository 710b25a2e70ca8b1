import type { ErrorObject, ValidateFunction } from '../json-schema/compile.ts'
import { nearest } from './nearest.ts'
import { DURATION_PATTERN, NAME_PATTERN, SECRET_PATTERN } from './schema/values.ts'
import { type Config, configSchema } from './schema.ts'
import { MOST_PROBLEMS, type Problem, type Step, type YamlSource } from './yaml-source.ts'

let compiled: ValidateFunction<Config> | undefined

/** ajv is loaded and the schema compiled on first use: commands without a configuration do not pay for it. */
async function validator(): Promise<ValidateFunction<Config>> {
  if (compiled !== undefined) return compiled
  const { compileSchema } = await import('../json-schema/compile.ts')
  compiled = compileSchema<Config>(configSchema, { allErrors: true })
  return compiled
}

/** The value as a configuration, or what is wrong with it, {@link MOST_PROBLEMS} of it at most. Messages never show what may be a secret. */
export async function validateConfig(source: YamlSource): Promise<{ config: Config } | { problems: Problem[] }> {
  const validate = await validator()
  const { value } = source
  if (value === null || value === undefined) return { problems: [{ path: '', message: 'is empty' }] }
  if (validate(value)) return { config: value }
  // An error about a property's name is said already by the one about the name itself.
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'propertyNames')
  return { problems: errors.slice(0, MOST_PROBLEMS).map((error) => toProblem(error, source)) }
}

function toProblem(error: ErrorObject, source: YamlSource): Problem {
  const around = stepsOf(error.instancePath, source.value)
  const { steps, what, message } = describe(error, around)
  const place = source.locate(steps, what)
  return { path: formatPath(steps), ...place, message }
}

interface Described {
  readonly steps: readonly Step[]
  readonly what: 'key' | 'value'
  readonly message: string
}

function describe(error: ErrorObject, around: readonly Step[]): Described {
  const params = error.params as Record<string, unknown>
  if (error.propertyName !== undefined) {
    const steps = [...around, error.propertyName]
    return { steps, what: 'key', message: `is not a name that can be used: ${nameRule(params)}` }
  }
  if (error.keyword === 'additionalProperties') return unknownKey(error, around, String(params.additionalProperty))
  if (error.keyword === 'required') {
    return { steps: [...around, String(params.missingProperty)], what: 'key', message: 'is missing' }
  }
  if (error.keyword === 'discriminator') {
    const kinds = (error.parentSchema?.oneOf ?? []).map(
      (one: { properties: { kind: { const: string } } }) => one.properties.kind.const,
    )
    return {
      steps: [...around, 'kind'],
      what: 'value',
      message: `is ${show(params.tagValue)}: must be one of ${kinds.join(', ')}`,
    }
  }
  return { steps: around, what: 'value', message: `is ${shown(error, around)}: ${rule(error, params)}` }
}

function unknownKey(error: ErrorObject, around: readonly Step[], key: string): Described {
  const allowed = Object.keys(error.parentSchema?.properties ?? {})
  const meant = nearest(key, allowed)
  const rest = meant === undefined ? `allowed here: ${allowed.join(', ')}` : `did you mean ${meant}?`
  return { steps: [...around, key], what: 'key', message: `is not a known key; ${rest}` }
}

function nameRule(params: Record<string, unknown>): string {
  return params.pattern === NAME_PATTERN
    ? 'letters, digits, dot, dash and underscore, at most 63'
    : `it must match ${String(params.pattern)}`
}

/** What is wrong with a value, by the rule that it breaks. */
function rule(error: ErrorObject, params: Record<string, unknown>): string {
  const example: unknown = error.parentSchema?.examples?.[0]
  const such = example === undefined ? '' : ` such as ${JSON.stringify(example)}`
  switch (error.keyword) {
    case 'type':
      if (params.type === 'string') return `must be text${such}; quote it`
      return `must be ${TYPES[String(params.type)] ?? String(params.type)}${such}`
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
    case 'const':
      return `must be ${String(params.allowedValue)}`
    case 'pattern':
      if (params.pattern === SECRET_PATTERN)
        return 'a secret is never written here: use env:NAME, file:PATH or exec:COMMAND'
      if (params.pattern === DURATION_PATTERN) return `must be a number with a unit (ms, s, m, h, d)${such}`
      return `must be of the form${such || ` ${String(params.pattern)}`}`
    default:
      return error.message ?? 'is not allowed'
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'a group of keys',
  array: 'a list',
  integer: 'a whole number',
  boolean: 'true or false',
}

/** The value itself, unless it stands where a secret may have been written. */
function shown(error: ErrorObject, around: readonly Step[]): string {
  const secret = holdsSecret(error.parentSchema) || around.some((step) => SECRET_KEY.test(String(step)))
  return secret ? '(not shown)' : show(error.data)
}

/** Also of a group with a secret in it: `database: hunter2` forgets the key. */
function holdsSecret(schema: object | undefined): boolean {
  return JSON.stringify(schema ?? {}).includes(JSON.stringify(SECRET_PATTERN))
}

const SECRET_KEY = /password|token|secret|passphrase|credential/i

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a group of keys'
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** ajv's JSON pointer as steps; an index of a list becomes a number. */
function stepsOf(pointer: string, root: unknown): Step[] {
  const steps: Step[] = []
  let value = root
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    steps.push(Array.isArray(value) ? Number(key) : key)
    value = (value as Record<string, unknown> | undefined)?.[key]
  }
  return steps
}

/** `vms.db1.disks["/dev/sdb"]`, `profiles.shop.components[0]`. */
export function formatPath(steps: readonly Step[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`
    if (!/^[A-Za-z0-9_-]+$/.test(step)) return `${path}[${JSON.stringify(step)}]`
    return path === '' ? step : `${path}.${step}`
  }, '')
}
