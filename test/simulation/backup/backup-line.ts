/** Standard input of a call for a backup, as the follower on the hypervisor's host fills it. */
export class BackupLine implements AsyncIterable<string> {
  /** Nothing gets through, either way. */
  silent = false
  #said = ''
  #ended = false
  #news = Promise.withResolvers<void>()

  say(word: 'alive' | 'started' | 'given-up'): void {
    if (this.silent || this.#ended) return
    this.#said += `${word}\n`
    this.#news.resolve()
  }

  end(): void {
    this.#ended = true
    this.#news.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const said = this.#said
      this.#said = ''
      if (said !== '') yield said
      else if (this.#ended) return
      else await this.#news.promise
      this.#news = Promise.withResolvers()
    }
  }
}
