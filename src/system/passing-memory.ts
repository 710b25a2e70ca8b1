import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'minor' }) => void

/** Bytes that may pass before what they lay in is given back. */
const PASSED_BYTES = 8 * 1024 * 1024

let collect: Collect | undefined
let passedBytes = 0

/**
 * Counts bytes that pass through buffers which nobody needs afterwards, and gives those back from time to time. V8 would let tens of
 * megabytes of them lie, since it looks at the objects and hardly at what they point to: a backup is to run beside other
 * work on a small machine. A look at young objects takes less than a millisecond.
 */
export function passing(bytes: number): void {
  passedBytes += bytes
  if (passedBytes < PASSED_BYTES) return
  passedBytes = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

function collector(): Collect {
  setFlagsFromString('--expose-gc')
  const found: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return typeof found === 'function' ? (found as Collect) : () => {}
}
