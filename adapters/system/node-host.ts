import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { open, realpath, stat } from 'node:fs/promises'
import type { FileFacts, Host, ReadFile } from '../../src/system/host.ts'

const LARGEST_BYTES = 1024 * 1024

/** What reading a configuration needs, from this machine. */
export class NodeHost implements Host {
  get workingDirectory(): string {
    return process.cwd()
  }

  get userId(): number {
    return process.geteuid?.() ?? 0
  }

  environment(name: string): string | undefined {
    return process.env[name]
  }

  async readFile(path: string): Promise<ReadFile | undefined> {
    // A pipe would block the open for ever without O_NONBLOCK.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    })
    if (handle === undefined) return undefined
    try {
      const found = await handle.stat()
      const facts = toFacts(found)
      if (found.size > LARGEST_BYTES) throw new Error(`it is larger than ${LARGEST_BYTES} bytes`)
      const text = facts.kind === 'file' ? await handle.readFile('utf8') : ''
      return { facts, text, realPath: await realpath(path) }
    } finally {
      await handle.close()
    }
  }

  async folder(path: string): Promise<FileFacts> {
    return toFacts(await stat(path))
  }

  run(argv: readonly string[], options: { timeoutMs: number }): Promise<{ exitStatus: number | null; stdout: string }> {
    const [command = '', ...rest] = argv
    return new Promise((resolve, reject) => {
      const limits = { timeout: options.timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 } as const
      const child = execFile(command, rest, limits, (error, stdout) => {
        if (error === null) return resolve({ exitStatus: 0, stdout })
        if (error.killed) return reject(new Error(`not finished after ${options.timeoutMs} ms, or too much output`))
        if (typeof error.code === 'number') return resolve({ exitStatus: error.code, stdout: '' })
        // The message of Node repeats the whole command line, which may hold what nobody should read.
        reject(new Error(typeof error.code === 'string' ? error.code : 'ended by a signal'))
      })
      child.stdin?.end()
    })
  }
}

function toFacts(stats: { isFile(): boolean; isDirectory(): boolean; uid: number; mode: number }): FileFacts {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
  return { kind, ownerId: stats.uid, mode: stats.mode & 0o7777 }
}
