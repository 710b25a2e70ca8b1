import { execFile } from 'node:child_process'

export interface CommandOptions {
  /** Milliseconds until the command is ended with SIGKILL. */
  readonly timeoutMs: number
  readonly input?: string
  readonly signal?: AbortSignal
}

export interface CommandResult {
  /** Exit status; -1 when a signal or the time-out ended it. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of this machine to its end; resolves whatever its exit status is, rejects when it cannot be started. */
export function tryCommand(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  const child = execFile(
    file,
    args,
    {
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
      ...(options.signal && { signal: options.signal }),
    },
    (error, stdout, stderr) => {
      if (error && typeof error.code === 'string') reject(error)
      else resolve({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr })
    },
  )
  // A program that ends without reading its input is judged by its status, not by the broken pipe.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  return promise
}

/** As {@link tryCommand}, but any exit status other than 0 rejects with the program's own words. Gives its output. */
export async function runCommand(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const result = await tryCommand(file, args, options)
  if (result.status === 0) return result.stdout
  const how = result.status === -1 ? `did not end within ${options.timeoutMs} ms` : `ended with ${result.status}`
  throw new Error(`${file} ${args.join(' ')} ${how}: ${(result.stderr || result.stdout).trim()}`)
}
