import type { RawParameters } from '../api/schema.ts'

/**
 * A query or a form, read as the product reads it: `&` and `;` both end a parameter, what follows a second `=` is lost,
 * an empty value is as good as none, and a name given twice gives a list.
 */
export function readForm(text: string): RawParameters {
  const read: Record<string, string | readonly string[] | undefined> = {}
  for (const part of text.split(/[&;]/)) {
    if (part === '') continue
    const [name = '', value] = part.split('=').map(unescaped)
    const before = read[name]
    if (value === undefined || value === '') read[name] ??= undefined
    else read[name] = before === undefined ? value : [before, value].flat()
  }
  return read
}

function unescaped(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .split(/(%[0-9a-fA-F]{2})/)
    .map((part) => (/^%/.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)))
  return Buffer.concat(bytes).toString('utf8')
}

/** A JSON document with parameters; throws when it is none. */
export function readJson(text: string): RawParameters {
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw new SyntaxError('malformed JSON: an object is expected')
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, Array.isArray(value) ? value.map(asText) : asText(value)]),
  )
}

function asText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}
