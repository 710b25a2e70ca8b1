import { dirname } from 'node:path'
import { StillshotError } from '../errors.ts'
import type { AppendFile, Files } from '../system/files.ts'
import type { JournalEvent } from './journal-event.ts'

/**
 * The append-only file of one run. A local file, not the catalog: starting a database again never waits for another
 * database. Lines are written in the order of the calls.
 */
export class Journal {
  readonly #file: AppendFile
  /** A write that failed may have left half a line behind: the next one starts on a fresh line. */
  #torn: boolean
  /** Settles when everything that was asked for so far is written, or failed. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(file: AppendFile, { torn = false } = {}) {
    this.#file = file
    this.#torn = torn
  }

  /** A new file, its folder made where it is missing; rejects with `state-unwritable` when that fails, or it is there. */
  static async create(files: Files, path: string): Promise<Journal> {
    try {
      await files.makeFolder(dirname(path))
      return new Journal(await files.openAppend(path, { create: true }))
    } catch (cause) {
      throw new StillshotError('state-unwritable', `the journal ${path} cannot be written: ${text(cause)}`, { cause })
    }
  }

  /**
   * An existing file, to go on with it; whoever wrote it last may have died in the middle of a line, or before it was on the
   * disk: whoever acts on what he has read there wants it to be there after a power cut, too.
   */
  static async reopen(files: Files, path: string): Promise<Journal> {
    try {
      const file = await files.openAppend(path, { create: false })
      await file.sync().catch(async (thrown: unknown) => {
        await file.close()
        throw thrown
      })
      return new Journal(file, { torn: true })
    } catch (cause) {
      throw new StillshotError('state-unwritable', `the journal ${path} cannot be written: ${text(cause)}`, { cause })
    }
  }

  /**
   * An existing file, or, when it cannot be opened, a journal that every write to fails: an undo that cannot be
   * journalled is still carried out.
   */
  static async reopenOrMute(files: Files, path: string): Promise<Journal> {
    try {
      return await Journal.reopen(files, path)
    } catch (thrown) {
      const refuse = () => Promise.reject(thrown)
      return new Journal({ append: refuse, sync: refuse, close: async () => {} })
    }
  }

  /**
   * Appends the events as lines. With `durable` they are on the disk when this resolves: required before an act. Without,
   * a power cut may lose them, and the act that they tell of is only looked at again. Rejects with `state-unwritable`.
   */
  write(events: readonly JournalEvent[], { durable }: { durable: boolean }): Promise<void> {
    const written = this.#last.then(() => this.#write(events, durable))
    this.#last = written.catch(() => {})
    return written
  }

  async #write(events: readonly JournalEvent[], durable: boolean): Promise<void> {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('')
    try {
      await this.#file.append(this.#torn ? `\n${lines}` : lines)
      this.#torn = false
      if (durable) await this.#file.sync()
    } catch (cause) {
      this.#torn = true
      throw new StillshotError('state-unwritable', `the journal cannot be written: ${text(cause)}`, { cause })
    }
  }

  /** Safe twice. */
  async close(): Promise<void> {
    await this.#last
    await this.#file.close()
  }
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
