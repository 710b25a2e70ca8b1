import assert from 'node:assert/strict'
import type { Ran } from '../cli/fake-app.ts'

/** What may reach a terminal: no control character but newline and tab, nothing that turns, breaks or hides a line. */
const STEERING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0001}\u{e0020}-\u{e007f}]/u

/** Lines as a terminal shows them. What several lines of others are allowed to be stands behind a bar, and counts for none. */
export function linesOf({ out, err }: Pick<Ran, 'out' | 'err'>): number {
  return `${out}${err}`.split('\n').filter((text) => !text.startsWith('  | ')).length
}

export function assertHarmless(what: string, { out, err }: Pick<Ran, 'out' | 'err'>): void {
  for (const text of [out, err]) assert.doesNotMatch(text, STEERING, `${what}: ${JSON.stringify(text)}`)
}
