import { type ChildProcess, spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'

export interface Program {
  readonly name: string
  readonly words: readonly string[]
  /** All of it: nothing of ours is inherited. */
  readonly environment: Readonly<Record<string, string>>
  /** Its standard input: bytes as they come, or a file that it inherits; default: nothing. */
  readonly input?: AsyncIterable<Uint8Array> | FileHandle
  /** What it may open as `/dev/fd/3`. */
  readonly secret?: FileHandle
  readonly signal?: AbortSignal | undefined
}

/** The program could not be started, or ended with another status than 0. */
export class ProgramFailed extends Error {
  readonly exitStatus: number | null
  /** The end of what it said. */
  readonly stderr: string
  constructor(name: string, exitStatus: number | null, stderr: string, cause?: unknown) {
    super(`${name} ended with ${exitStatus ?? 'a signal'}`, cause === undefined ? undefined : { cause })
    this.name = 'ProgramFailed'
    this.exitStatus = exitStatus
    this.stderr = stderr
  }
}

const MAX_STDERR_BYTES = 16 * 1024
/** A program that was asked to end tidies up: restic takes its lock away. */
const TIDY_MS = 5_000

/**
 * Runs a program of this machine and yields what it prints. Throws {@link ProgramFailed}, what `input` throws, or the signal's
 * reason. A program whose input breaks is ended before its input is: it never takes a part for the whole. Whoever stops
 * reading ends it, too; it is gone when the generator has ended.
 */
export async function* streamProgram(program: Program): AsyncGenerator<Uint8Array> {
  const { signal } = program
  signal?.throwIfAborted()
  const child = start(program)
  const stdout = child.stdout as Readable
  const stderr = endOf(child.stderr)
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  let failure: { readonly reason: unknown } | undefined
  // The reader below hears of it; a race with every chunk would keep something of each for as long as the program runs.
  const fail = (reason: unknown) => {
    failure ??= { reason }
    stdout.destroy()
    stop(child, closed)
  }
  child.once('error', (cause) => fail(new ProgramFailed(program.name, null, cause.message, cause)))
  const onAbort = () => fail(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (child.stdin !== null) feed(child.stdin, program.input as AsyncIterable<Uint8Array>).catch(fail)
    try {
      yield* stdout
    } catch (thrown) {
      failure ??= { reason: thrown }
    }
    const status = await closed
    if (failure !== undefined) throw failure.reason
    if (status !== 0) throw new ProgramFailed(program.name, status, stderr())
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stdout.destroy()
    stop(child, closed)
    await closed
    child.stdin?.destroy()
  }
}

/** The same for a program that prints little: all of it as text; what is beyond `maxBytes` fails. */
export async function programText(program: Program, maxBytes = 64 * 1024 * 1024): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of streamProgram(program)) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new ProgramFailed(program.name, null, `it printed more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function start({ name, words, environment, input, secret }: Program): ChildProcess {
  const stdin = input === undefined ? 'ignore' : isFile(input) ? input.fd : 'pipe'
  const inherited = secret === undefined ? [] : [secret.fd]
  // A process group of its own: Ctrl-C is for us, and we end it where that is safe.
  return spawn(name, [...words], {
    stdio: [stdin, 'pipe', 'pipe', ...inherited],
    env: { ...environment },
    detached: true,
    cwd: '/',
  })
}

function isFile(input: AsyncIterable<Uint8Array> | FileHandle): input is FileHandle {
  return 'fd' in input
}

/** Resolves when all was given or the program wants no more: how it ended is told by its status. */
async function feed(stdin: Writable, input: AsyncIterable<Uint8Array>): Promise<void> {
  let over = false
  let drained = () => {}
  const chunks = input[Symbol.asyncIterator]()
  const stopped = () => {
    over = true
    drained()
    // Not awaited: an input that waits for its own next chunk cannot end before it has come.
    chunks.return?.()?.catch(() => {})
  }
  stdin.once('error', stopped).once('close', stopped)
  stdin.on('drain', () => drained())
  while (!over) {
    const next = await chunks.next()
    if (over || next.done === true) break
    if (stdin.write(next.value)) continue
    await new Promise<void>((resolve) => {
      drained = resolve
    })
  }
  stdin.end()
}

function endOf(stream: Readable | null): () => string {
  let kept = Buffer.alloc(0)
  stream?.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-MAX_STDERR_BYTES)
  })
  return () => kept.toString('utf8')
}

/** Asks it to end, and makes it after a while; does nothing when it has ended. */
function stop(child: ChildProcess, closed: Promise<unknown>): void {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  signalGroup(pid, 'SIGINT')
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), TIDY_MS)
  closed.then(() => clearTimeout(timer))
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Gone already.
  }
}
