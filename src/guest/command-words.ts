import { StillshotError } from '../errors.ts'

/**
 * What every guest shell refuses before anything is sent, as a defect of the caller: a command without words, and words that no
 * shell can pass on as they are (NUL, half a surrogate pair).
 */
export function checkWords(argv: readonly string[]): void {
  if (argv.length === 0) throw new StillshotError('defect', 'a command has no words')
  const bad = argv.findIndex((word) => word.includes('\0') || !word.isWellFormed())
  if (bad !== -1) throw new StillshotError('defect', `word ${bad} of a command holds NUL or half a character`)
}
