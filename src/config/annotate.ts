/** The part of JSON Schema that the annotated file is made from. */
export interface AnnotatedSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, AnnotatedSchema>>
  readonly additionalProperties?: boolean | AnnotatedSchema
  readonly items?: AnnotatedSchema
  readonly oneOf?: readonly AnnotatedSchema[]
  readonly required?: readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
}

/**
 * YAML of `value` with every key of the schema explained; keys that the value leaves out stand there as comments with
 * their example. Parsing the text gives `value` again.
 */
export function annotate(schema: AnnotatedSchema, value: Readonly<Record<string, unknown>>): string {
  const blocks = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    mapLines({ properties: { [key]: property } }, key in value ? { [key]: value[key] } : {}),
  )
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function mapLines(schema: AnnotatedSchema, value: Readonly<Record<string, unknown>>): string[] {
  const variant = variantOf(schema, value)
  const lines: string[] = []
  for (const [key, property] of Object.entries(variant.properties ?? {})) {
    const given = value[key]
    lines.push(...wrap(property.description ?? ''))
    if (given !== undefined) lines.push(...entryLines(key, property, given))
    else
      lines.push(...entryLines(key, property, exampleOf(property)).map((line) => `#${line === '' ? '' : ` ${line}`}`))
  }
  const free = variant.additionalProperties
  if (typeof free === 'object') {
    for (const [key, given] of Object.entries(value)) lines.push(...entryLines(key, free, given))
  }
  return lines
}

function entryLines(key: string, schema: AnnotatedSchema, value: unknown): string[] {
  const name = scalar(key)
  if (Array.isArray(value)) {
    if (!value.some(isMap)) return [`${name}: [${value.map(scalar).join(', ')}]`]
    const items = value.flatMap((item) => listItem(schema.items ?? {}, item))
    return [`${name}:`, ...items.map((line) => `  ${line}`)]
  }
  if (!isMap(value)) return [`${name}: ${scalar(value)}`]
  const lines = mapLines(schema, value)
  return lines.length === 0 ? [`${name}: {}`] : [`${name}:`, ...lines.map((line) => `  ${line}`)]
}

function listItem(schema: AnnotatedSchema, item: unknown): string[] {
  if (!isMap(item)) return [`- ${scalar(item)}`]
  const pairs = Object.entries(item).map(([key, value]) => `${scalar(key)}: ${scalar(value)}`)
  return pairs.length === 0 && schema.type === 'object' ? ['- {}'] : [`- { ${pairs.join(', ')} }`]
}

/** What a key that is left out could hold: its own example, else one made of those below it. */
function exampleOf(schema: AnnotatedSchema): unknown {
  if (schema.examples?.[0] !== undefined) return schema.examples[0]
  if (schema.properties !== undefined) {
    return Object.fromEntries(Object.entries(schema.properties).map(([key, property]) => [key, exampleOf(property)]))
  }
  return {}
}

function variantOf(schema: AnnotatedSchema, value: Readonly<Record<string, unknown>>): AnnotatedSchema {
  return schema.oneOf?.find((variant) => variant.properties?.kind?.const === value.kind) ?? schema
}

/** Comment lines of at most 110 characters. */
function wrap(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 108) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return text === '' ? [] : lines.map((line) => `# ${line}`)
}

/** Plain where YAML reads the same text back, else as JSON, which YAML contains. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const plain = /^[A-Za-z0-9/][A-Za-z0-9_./@-]*$/.test(value) && Number.isNaN(Number(value)) && !WORDS.test(value)
  return plain ? value : JSON.stringify(value)
}

const WORDS = /^(true|false|null|yes|no|on|off|y|n|\.inf|\.nan|0o[0-7]+|0x[0-9a-f]+|[0-9][0-9_.:e+-]*)$/i

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
