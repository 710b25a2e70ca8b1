import { escapeInJson, replaceSteeringSigns } from '../log/steering-signs.ts'
import { parseInstant } from '../system/instant.ts'

/** Columns as wide as their widest cell, two blanks between; the last one is not padded. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows].map((row) => row.map(oneLine))
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

/** `340 B`, `4.2 KiB`, `1.3 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
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
 * so is what turns the direction of a line, breaks it or cannot be seen. They can still end a line: {@link oneLine}.
 */
export function printable(text: string): string {
  return replaceSteeringSigns(text, (sign) => (sign === '\t' ? sign : shown(sign)))
}

/** Words of others as a part of one line: an end of line among them is shown, too, so that they cannot forge a line of ours. */
export function oneLine(text: string): string {
  return replaceSteeringSigns(text, shown).replaceAll('\n', shown)
}

/**
 * Template tag for what is printed for a person: whatever is put in stays within the line. Every line that says words of
 * others, names included, is made with it.
 */
export function line(parts: TemplateStringsArray, ...words: readonly (string | number)[]): string {
  return String.raw({ raw: parts }, ...words.map((word) => oneLine(String(word))))
}

/** Words of others that may have several lines, such as a complaint of a program: all but the first stand behind a bar. */
export function continued(text: string): string {
  return text.replace(/\n+$/, '').split('\n').map(oneLine).join('\n  | ')
}

/** One JSON document for {@link printable} terminals: the same signs as escapes, which every reader of JSON takes back. */
export function printableJson(value: unknown): string {
  return escapeInJson(JSON.stringify(value, null, 2))
}

function shown(sign: string): string {
  const code = sign.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${hex(code, 2)}`
  return code < 0x1_0000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 0)}}`
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
