import { dirname, normalize } from 'node:path'
import type { AppendFile, Files } from '../../../src/system/files.ts'

export type FileOperation = 'makeFolder' | 'open' | 'append' | 'sync' | 'read' | 'list'

/** Runs before an operation: throws to make it fail, never settles to let the process die there. */
export type FileFault = (operation: FileOperation, path: string) => void | Promise<void>

interface Entry {
  content: string
  /** Characters that are on the disk whatever happens. */
  synced: number
}

/** Files in memory that know what was synced, so that a test can cut the power ({@link afterPowerCut}). */
export class MemoryFiles implements Files {
  readonly #folders = new Set<string>(['/', '.'])
  readonly #files = new Map<string, Entry>()
  #fault: FileFault = () => {}

  /** Replaces the fault; without argument, everything works again. */
  setFault(fault: FileFault = () => {}): void {
    this.#fault = fault
  }

  async makeFolder(path: string): Promise<void> {
    await this.#fault('makeFolder', path)
    for (let folder = normalize(path); !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder)
  }

  async openAppend(path: string, options: { create: boolean }): Promise<AppendFile> {
    await this.#fault('open', path)
    const name = normalize(path)
    if (!this.#folders.has(dirname(name))) throw fileError('ENOENT', path)
    if (options.create && this.#files.has(name)) throw fileError('EEXIST', path)
    if (options.create) this.#files.set(name, { content: '', synced: 0 })
    const entry = this.#files.get(name)
    if (entry === undefined) throw fileError('ENOENT', path)
    return new MemoryAppendFile(entry, (operation) => this.#fault(operation, path))
  }

  async readText(path: string): Promise<string> {
    await this.#fault('read', path)
    const entry = this.#entry(path)
    if (entry === undefined) throw fileError('ENOENT', path)
    return entry.content
  }

  async syncFile(path: string): Promise<void> {
    await this.#fault('sync', path)
    const entry = this.#entry(path)
    if (entry === undefined) throw fileError('ENOENT', path)
    entry.synced = entry.content.length
  }

  async replaceText(path: string, text: string): Promise<void> {
    await this.#fault('append', path)
    if (!this.#folders.has(dirname(normalize(path)))) throw fileError('ENOENT', path)
    this.put(path, text)
  }

  async list(path: string): Promise<readonly string[]> {
    await this.#fault('list', path)
    const folder = normalize(path)
    const beginning = folder === '/' ? folder : `${folder}/`
    const names = [...this.#files.keys(), ...this.#folders].filter(
      (name) => name.startsWith(beginning) && name !== beginning && !name.includes('/', beginning.length),
    )
    return names.map((name) => name.slice(beginning.length)).sort()
  }

  /** Puts a file there, synced, with its folder. */
  put(path: string, content: string): void {
    for (let folder = dirname(normalize(path)); !this.#folders.has(folder); folder = dirname(folder)) {
      this.#folders.add(folder)
    }
    this.#files.set(normalize(path), { content, synced: content.length })
  }

  /** The whole content; empty when it is missing. */
  content(path: string): string {
    return this.#entry(path)?.content ?? ''
  }

  /** What of the file is on the disk whatever happens; empty when it is missing. */
  synced(path: string): string {
    const entry = this.#entry(path)
    return entry === undefined ? '' : entry.content.slice(0, entry.synced)
  }

  /** What has been written to the file but would be lost with the power. */
  unsynced(path: string): string {
    const entry = this.#entry(path)
    return entry === undefined ? '' : entry.content.slice(entry.synced)
  }

  /**
   * The files as the next boot finds them: what was synced, and of the rest what `survives` returns (default: nothing;
   * a beginning of it is a torn line). Handles of the old instance go on writing to the old instance only.
   */
  afterPowerCut(survives: (unsynced: string, path: string) => string = () => ''): MemoryFiles {
    const next = new MemoryFiles()
    for (const folder of this.#folders) next.#folders.add(folder)
    for (const [path, { content, synced }] of this.#files) {
      next.put(path, content.slice(0, synced) + survives(content.slice(synced), path))
    }
    return next
  }

  /** Most paths come as they are kept. */
  #entry(path: string): Entry | undefined {
    return this.#files.get(path) ?? this.#files.get(normalize(path))
  }
}

class MemoryAppendFile implements AppendFile {
  readonly #entry: Entry
  readonly #fault: (operation: FileOperation) => void | Promise<void>
  #closed = false

  constructor(entry: Entry, fault: (operation: FileOperation) => void | Promise<void>) {
    this.#entry = entry
    this.#fault = fault
  }

  async append(text: string): Promise<void> {
    this.#refuseClosed()
    try {
      await this.#fault('append')
    } catch (thrown) {
      if (thrown instanceof TornAppend) this.#entry.content += text.slice(0, Math.floor(text.length * thrown.share))
      throw thrown
    }
    this.#entry.content += text
  }

  async sync(): Promise<void> {
    this.#refuseClosed()
    await this.#fault('sync')
    this.#entry.synced = this.#entry.content.length
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #refuseClosed(): void {
    if (this.#closed) throw fileError('EBADF', 'closed file')
  }
}

/** What a fault throws for an append that fails in the middle: `share` of the text, 0 to 1, is written. */
export class TornAppend extends Error {
  readonly code = 'ENOSPC'
  readonly share: number
  constructor(share: number) {
    super('ENOSPC: no space left on device')
    this.share = share
  }
}

/** An error as Node's file functions reject with. */
export function fileError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: '${path}'`), { code, path })
}
