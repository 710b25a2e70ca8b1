import type { Input } from './app.ts'
import type { Terminal } from './terminal.ts'

/** The terminal of this process, or what its output goes to. */
export function processTerminal(): Terminal {
  // Whoever reads our output may go away (`| head`): that is no reason to leave a database held.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    get columns() {
      return process.stderr.columns || 80
    },
  }
}

/** What this process reads. */
export function processInput(): Input {
  return {
    [Symbol.asyncIterator]: () => process.stdin.setEncoding('utf8')[Symbol.asyncIterator](),
    close: () => process.stdin.destroy(),
  }
}
