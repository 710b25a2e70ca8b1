import { isAllSecret, maskSecrets } from './mask-secrets.ts'

/** Changed lines with some around them, each with ` `, `-` (as it is) or `+` (as the backup has it) ahead; `@@` between. */
export interface TextDifference {
  readonly lines: readonly string[]
  /** More than is shown. */
  readonly cut: boolean
}

/** Longer texts are compared, not shown. */
export const LONGEST_TEXT_BYTES = 64 * 1024
const MOST_LINES = 2_000
const MOST_SHOWN = 200
const AROUND = 3

/**
 * What differs between two small texts, with secrets left out. Undefined where it is not shown: no text, too long, or nothing but
 * secrets. Pure.
 */
export function textDifference(path: string, now: Uint8Array, backup: Uint8Array): TextDifference | undefined {
  const before = linesOf(now)
  const after = linesOf(backup)
  if (before === undefined || after === undefined) return undefined
  if (isAllSecret(path, before.join('\n')) || isAllSecret(path, after.join('\n'))) return undefined
  const shown = { before: maskSecrets(before), after: maskSecrets(after) }
  const steps = stepsBetween(before, after)
  const lines: string[] = []
  let last = -1
  steps.forEach(({ sign, at }, index) => {
    const near = steps.slice(Math.max(0, index - AROUND), index + AROUND + 1).some((step) => step.sign !== ' ')
    if (!near) return
    if (last >= 0 && index > last + 1) lines.push('@@')
    last = index
    lines.push(`${sign}${(sign === '+' ? shown.after : shown.before)[at] ?? ''}`)
  })
  return { lines: lines.slice(0, MOST_SHOWN), cut: lines.length > MOST_SHOWN }
}

function linesOf(bytes: Uint8Array): readonly string[] | undefined {
  if (bytes.length > LONGEST_TEXT_BYTES || bytes.includes(0)) return undefined
  const text = Buffer.from(bytes).toString('utf8')
  const lines = text.replace(/\n$/, '').split('\n')
  return lines.length > MOST_LINES ? undefined : lines
}

interface Step {
  readonly sign: ' ' | '-' | '+'
  /** Line, of the backup for `+`. */
  readonly at: number
}

/** The longest common lines stay. What is alike at both ends is none of the work. */
function stepsBetween(before: readonly string[], after: readonly string[]): readonly Step[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  const most = Math.min(before.length, after.length) - head
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  const rows = before.length - head - tail
  const columns = after.length - head - tail
  const common = commonLengths(before.slice(head, head + rows), after.slice(head, head + columns))
  const steps: Step[] = before.slice(0, head).map((_, at) => ({ sign: ' ', at }))
  let row = 0
  let column = 0
  const length = (r: number, c: number) => common[r * (columns + 1) + c] ?? 0
  while (row < rows || column < columns) {
    if (row < rows && column < columns && before[head + row] === after[head + column]) {
      steps.push({ sign: ' ', at: head + row })
      row += 1
      column += 1
    } else if (row < rows && (column >= columns || length(row + 1, column) >= length(row, column + 1))) {
      steps.push({ sign: '-', at: head + row })
      row += 1
    } else {
      steps.push({ sign: '+', at: head + column })
      column += 1
    }
  }
  for (let at = before.length - tail; at < before.length; at += 1) steps.push({ sign: ' ', at })
  return steps
}

/** By row and column: how many lines the ends from there have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint16Array {
  const width = after.length + 1
  const lengths = new Uint16Array((before.length + 1) * width)
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const at = row * width + column
      lengths[at] =
        before[row] === after[column]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0)
    }
  }
  return lengths
}
