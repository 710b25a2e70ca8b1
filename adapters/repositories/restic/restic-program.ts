import type { FileHandle } from 'node:fs/promises'
import { programText, streamProgram } from '../../programs/stream-program.ts'
import { unnamedFile } from '../../programs/unnamed-file.ts'

export interface ResticAccess {
  /** Fetched for each call, and never an argument: some hold a password. */
  readonly address: () => Promise<string>
  readonly password: () => Promise<string>
  /** What the storage wants to know: keys of S3, of a REST server, and the like. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>
  /** Where restic keeps what it need not fetch again; absent: nowhere. */
  readonly cacheFolder?: string
}

export interface ResticCall {
  readonly input?: AsyncIterable<Uint8Array> | FileHandle
  readonly signal?: AbortSignal | undefined
}

/** Runs restic and yields what it prints. The password comes from a file without a name; restic alone has it, not what it starts. */
export async function* restic(
  access: ResticAccess,
  words: readonly string[],
  { input, signal }: ResticCall = {},
): AsyncGenerator<Uint8Array> {
  const secret = await unnamedFile(await access.password())
  try {
    yield* streamProgram(await call(access, words, { input, signal, secret }))
  } finally {
    await secret.close()
  }
}

/** The same for what prints little. */
export async function resticText(
  access: ResticAccess,
  words: readonly string[],
  { input, signal }: ResticCall = {},
): Promise<string> {
  const secret = await unnamedFile(await access.password())
  try {
    return await programText(await call(access, words, { input, signal, secret }))
  } finally {
    await secret.close()
  }
}

async function call(
  { address, environment, cacheFolder }: ResticAccess,
  words: readonly string[],
  { input, signal, secret }: { input: ResticCall['input']; signal: AbortSignal | undefined; secret: FileHandle },
) {
  const cache = cacheFolder === undefined ? ['--no-cache'] : ['--cache-dir', cacheFolder]
  return {
    name: 'restic',
    words: [...words, ...cache, '--password-file', '/dev/fd/3'],
    environment: { ...(await environment()), RESTIC_REPOSITORY: await address() },
    secret,
    signal,
    ...(input === undefined ? {} : { input }),
  }
}
