/** What a log line, an error or a document shows instead of a secret. */
export const REDACTED = '[redacted]'

const SECRET_KEY = /pass(word|phrase)|token|secret|credential|private_?key|authorization|cookie/i
const KEY_MATERIAL = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g

/** Shorter ones would take ordinary words out of every line; keys named like a secret are redacted whatever they hold. */
const SHORTEST = 4

/**
 * The secrets that this process has fetched, and how they are taken out of what leaves it. Deliberate disguises are not
 * found; base64 (also of a longer text around it), hexadecimal, URL and JSON encoding and single lines of a longer secret are.
 */
export class Redaction {
  readonly #forms = new Set<string>()
  readonly #shortest: number
  /** All forms as one pattern: a document has hundreds of texts, and some are read while a database stands still. */
  #pattern: RegExp | undefined
  /** No shorter text holds any: most of a document need not be searched. */
  #shortestForm = Number.POSITIVE_INFINITY

  /** `shortest`: secrets of fewer letters are left alone. */
  constructor({ shortest = SHORTEST } = {}) {
    this.#shortest = shortest
  }

  /** Every later {@link text} and {@link value} is free of it. */
  add(secret: string): void {
    const lines = secret.split('\n').map((line) => line.trim())
    for (const part of [secret, ...(lines.length > 1 ? lines.filter((line) => line.length >= 16) : [])]) {
      if (part.length < this.#shortest) continue
      for (const form of formsOf(part)) this.#forms.add(form)
    }
    // The longest first, so that no rest of a longer secret is left.
    const forms = [...this.#forms].sort((a, b) => b.length - a.length)
    this.#shortestForm = forms.at(-1)?.length ?? Number.POSITIVE_INFINITY
    this.#pattern = forms.length === 0 ? undefined : new RegExp(forms.map((form) => RegExp.escape(form)).join('|'), 'g')
  }

  text(text: string): string {
    const clean = text.includes('PRIVATE KEY') ? text.replace(KEY_MATERIAL, REDACTED) : text
    if (this.#pattern === undefined || clean.length < this.#shortestForm) return clean
    return clean.replace(this.#pattern, REDACTED)
  }

  /** A copy of plain data; errors become their name, message, code and cause. Cycles and great depth are cut. */
  value(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'bigint') return value.toString()
    if (value === null || typeof value !== 'object') return typeof value === 'function' ? undefined : value
    if (depth > 12) return '[too deep]'
    if (value instanceof Error) return this.#error(value, depth)
    if (value instanceof Uint8Array) return `[${value.length} bytes]`
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1))
    const entries = Object.entries(value).map(([key, item]) => [
      this.text(key),
      SECRET_KEY.test(key) && !isHarmless(item) ? REDACTED : this.value(item, depth + 1),
    ])
    return Object.fromEntries(entries)
  }

  /**
   * As {@link value} for a document that leaves the process or is kept, where keys are a contract: fetched secrets only.
   * What stands under a key that ends in `Base64` is looked at decoded, and stays base64.
   */
  document(value: unknown, under = ''): unknown {
    if (typeof value === 'string') return under.endsWith('Base64') ? this.#base64(value) : this.text(value)
    if (value === null || typeof value !== 'object') return value
    if (Array.isArray(value)) return value.map((item) => this.document(item))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.document(item, key)]))
  }

  #base64(encoded: string): string {
    const text = Buffer.from(encoded, 'base64').toString()
    const clean = this.text(text)
    return clean === text ? this.text(encoded) : Buffer.from(clean).toString('base64')
  }

  #error(error: Error, depth: number): unknown {
    const code = 'code' in error ? { code: this.value(error.code, depth + 1) } : {}
    const cause = error.cause === undefined ? {} : { cause: this.value(error.cause, depth + 1) }
    return { name: error.name, message: this.text(error.message), ...code, ...cause }
  }
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    ...(['base64', 'base64url'] as const).flatMap((encoding) => [
      bytes.toString(encoding),
      ...[0, 1, 2].flatMap((before) => insideBase64(bytes, before, encoding)),
    ]),
  ]
}

/** Its signs in the base64 of a longer text, `before` bytes after one that 3 divides; none when too few of them are its own. */
function insideBase64(bytes: Buffer, before: number, encoding: 'base64' | 'base64url'): readonly string[] {
  const signs = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding)
  const own = signs.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  return own.length < 8 ? [] : [own]
}

/** A flag or nothing under a key named like a secret (`passwordGiven: true`) tells nobody anything. */
function isHarmless(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'boolean'
}
