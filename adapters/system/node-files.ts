import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { AppendFile, Files } from '../../src/system/files.ts'

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants

/** Files of this machine. Errors are Node's own, with their `code`; the caller knows what the file was for. */
export class NodeFiles implements Files {
  async makeFolder(path: string): Promise<void> {
    const folder = resolve(path)
    const first = await mkdir(folder, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = folder; made.length >= first.length; made = dirname(made)) await syncPath(dirname(made))
  }

  async openAppend(path: string, options: { create: boolean }): Promise<AppendFile> {
    const flags = O_WRONLY | O_APPEND | (options.create ? O_CREAT | O_EXCL : 0)
    const handle = await open(path, flags, 0o600)
    try {
      if (options.create) await syncPath(dirname(resolve(path)))
    } catch (error) {
      await handle.close()
      throw error
    }
    return new NodeAppendFile(handle)
  }

  readText(path: string): Promise<string> {
    return readFile(path, 'utf8')
  }

  async syncFile(path: string): Promise<void> {
    await syncPath(path)
    await syncPath(dirname(resolve(path)))
  }

  async replaceText(path: string, text: string): Promise<void> {
    // Whoever else may write into the folder must not choose what is written to: no name to guess, no link to follow.
    const fresh = `${path}.${randomBytes(12).toString('hex')}.new`
    try {
      await writeFile(fresh, text, { flag: 'wx', mode: 0o644, flush: true })
      await rename(fresh, path)
    } catch (error) {
      await rm(fresh, { force: true })
      throw error
    }
    await syncPath(dirname(resolve(path)))
  }

  async list(path: string): Promise<readonly string[]> {
    try {
      return (await readdir(path)).sort()
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      throw error
    }
  }
}

class NodeAppendFile implements AppendFile {
  readonly #handle: FileHandle
  #closed: Promise<void> | undefined

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  append(text: string): Promise<void> {
    return this.#handle.appendFile(text)
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    this.#closed ??= this.#handle.close()
    return this.#closed
  }
}

/** Of a file or a folder: a new name is durable only when its folder was synced (fsync(2), notes). */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
