/**
 * `supervisor.ts SPEC`: the process that owns a native guest, in a mount name space of its own. It obeys lines of JSON on its
 * standard input (see {@link ./words.ts}) and ends, with all it made, when that ends: its runner has gone, however that was. A
 * runner that was stopped, and says nothing any more, is gone, too.
 */
import { createInterface } from 'node:readline'
import { superviseGuest } from './guest.ts'
import { letGoOfOthersDisks } from './others-disks.ts'
import type { Answer, NativeSpec, Numbered } from './words.ts'

/** The runner says something every few seconds; on a busy machine it may be late. */
const SILENCE_LIMIT_MS = 180_000

const spec = JSON.parse(process.argv[2] ?? '') as NativeSpec
process.chdir(spec.folder)
// Only the runner ends a guest, and only by letting go: an interrupt is for the runner to hear.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdout.on('error', () => {})

await letGoOfOthersDisks()
const guest = await superviseGuest(spec)
const lines = createInterface({ input: process.stdin })
let silence = setTimeout(end, SILENCE_LIMIT_MS)
let before: Promise<void> = Promise.resolve()
lines.on('line', (line) => {
  clearTimeout(silence)
  silence = setTimeout(end, SILENCE_LIMIT_MS)
  if (line !== '') before = before.then(() => answer(JSON.parse(line) as Numbered))
})
lines.on('close', end)

async function answer({ number, ...order }: Numbered): Promise<void> {
  const answered: Answer = await guest.obey(order).then(
    (value) => ({ number, value: value ?? null }),
    (error: Error) => ({ number, error: error.message }),
  )
  process.stdout.write(`${JSON.stringify(answered)}\n`)
}

async function end(): Promise<void> {
  lines.close()
  // Whatever it does not end goes with this process.
  setTimeout(() => process.exit(1), 60_000).unref()
  await guest.close().catch((error: unknown) => console.error(error))
  process.exit(0)
}
