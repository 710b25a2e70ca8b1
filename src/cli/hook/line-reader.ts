import { StillshotError } from '../../errors.ts'
import { orAborted } from '../../system/or-aborted.ts'

const LONGEST_LINE = 1000

/** Lines out of chunks of text, one at a time, for a reader that waits for the next one only so long. */
export class LineReader {
  readonly #chunks: AsyncIterator<string>
  #rest = ''
  #pending: Promise<IteratorResult<string>> | undefined
  #ended = false

  constructor(chunks: AsyncIterable<string>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Undefined at the end. Rejects with the signal's reason as soon as it aborts; no line is lost by that. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf('\n')
      if (end >= 0) {
        const line = this.#rest.slice(0, end)
        this.#rest = this.#rest.slice(end + 1)
        return line
      }
      if (this.#rest.length > LONGEST_LINE) throw new StillshotError('usage', 'a line on standard input is too long')
      if (this.#ended) return undefined
      await this.#more(signal)
    }
  }

  async #more(signal: AbortSignal): Promise<void> {
    this.#pending ??= this.#chunks.next()
    const { done, value } = await orAborted(this.#pending, signal)
    this.#pending = undefined
    if (done) this.#ended = true
    else this.#rest += value
  }
}
