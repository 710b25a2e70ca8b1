import { StillshotError } from '../../../src/errors.ts'

/** Control characters; a tab asks readline for completion, a newline ends the command. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f\u0080-\u009f\u2028\u2029]/

/** Whether {@link quoteWord} takes the word. */
export function canBeSent(word: string): boolean {
  return !CONTROL.test(word)
}

/**
 * One word of a command line for virsh's own parser, which splits at blanks, `;` and newlines and knows quotes and
 * backslashes. Control characters are refused.
 */
export function quoteWord(word: string): string {
  if (!canBeSent(word)) {
    throw new StillshotError(
      'hypervisor-refused',
      `control characters cannot be sent to virsh: ${JSON.stringify(word)}`,
      {
        hint: 'take the control characters out of the name, path or description',
      },
    )
  }
  if (/^[A-Za-z0-9_./:=-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'"'"'`)}'`
}

/** Several words as one command for virsh's prompt. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoteWord).join(' ')
}
