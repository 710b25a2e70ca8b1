import { StillshotError } from '../../../src/errors.ts'

/**
 * One word of a command line for virsh's own parser, which splits at blanks, `;` and newlines and knows quotes and
 * backslashes. Control characters are refused: a tab asks readline for completion, a newline ends the command.
 */
export function quoteWord(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f\u0080-\u009f\u2028\u2029]/.test(word)) {
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
