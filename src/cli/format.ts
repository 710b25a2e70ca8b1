import { parseInstant } from '../system/instant.ts'

/** Columns as wide as their widest cell, two blanks between; the last one is not padded. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** `340 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** Whole units: `12 s`, `5 min`, `3 h`, `9 d`; `-` for a time that is none or lies ahead. */
export function formatAge(nowMs: number, createdAt: string): string {
  const seconds = Math.floor((nowMs - parseInstant(createdAt)) / 1000)
  if (!(seconds >= 0)) return '-'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400 * 2) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** Every line moved to the right. */
export function indent(text: string, by = 2): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by))
}

/**
 * Words of guests and hypervisors cannot steer the terminal: control characters other than newline and tab are shown, and
 * so is what turns the direction of a line, breaks it or cannot be seen.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g
  return text.replace(steering, escaped)
}

/** One JSON document for {@link printable} terminals: the same signs as escapes, which every reader of JSON takes back. */
export function printableJson(value: unknown): string {
  const steering = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g
  return JSON.stringify(value, null, 2).replace(steering, (sign) => `\\u${hex(sign, 4)}`)
}

function escaped(sign: string): string {
  return sign < '\u0100' ? `\\x${hex(sign, 2)}` : `\\u${hex(sign, 4)}`
}

function hex(sign: string, digits: number): string {
  return sign.charCodeAt(0).toString(16).padStart(digits, '0')
}
