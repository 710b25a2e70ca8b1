/** One word of a command that a person is told to type in a POSIX shell; it arrives as it is, whatever it holds. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
