import { StillshotError } from '../../../src/errors.ts'
import { checkWords } from '../../../src/guest/command-words.ts'

/** Linux takes no single argument of 128 KiB or more (execve(2), MAX_ARG_STRLEN), and the whole line is one: `sh -c LINE`. */
const LONGEST_COMMAND_BYTES = 128 * 1024 - 1

/** Nothing in these is special to a shell. They stay bare, so that a forced command can read the line without `eval`. */
const PLAIN_WORD = /^[A-Za-z0-9_@:,./-]+$/

/** Bare, these would be syntax (or a built-in option to `sh -c`) where the command's name stands. */
const SPECIAL_FIRST_WORD =
  /^(-.*|if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc)$/

/**
 * One line for the guest's POSIX shell in which every word arrives as it is. A line that the kernel would refuse is a defect
 * of the caller: long data belongs on stdin.
 */
export function quoteCommand(argv: readonly string[]): string {
  checkWords(argv)
  const line = argv.map(quoteWord).join(' ')
  if (Buffer.byteLength(line) > LONGEST_COMMAND_BYTES) {
    throw new StillshotError('defect', `the command ${argv[0]} is longer than ${LONGEST_COMMAND_BYTES} bytes`)
  }
  return line
}

function quoteWord(word: string, index: number): string {
  if (PLAIN_WORD.test(word) && !(index === 0 && SPECIAL_FIRST_WORD.test(word))) return word
  return `'${word.replaceAll("'", "'\\''")}'`
}
