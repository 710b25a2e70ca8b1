const [TAB, NEWLINE, BLANK, DOUBLE, HASH, QUOTE, STAR, DASH, SLASH, BANG, CAPITAL_M, BACKSLASH, BACKTICK] = [
  9, 10, 32, 34, 35, 39, 42, 45, 47, 33, 77, 92, 96,
]

/** The same bit in MySQL and MariaDB. */
const NO_BACKSLASH_ESCAPES = 1n << 20n

/** Enough of a statement to know what it is. */
const HEAD_BYTES = 1024

/**
 * Finds where statements end in a dump of mysqldump, byte by byte, as the client reads it: strings, comments, DELIMITER.
 * `/*!…*\/` is no comment: the server carries it out.
 */
export class SqlStatements {
  #state: 'text' | 'string' | 'line' | 'block' = 'text'
  #quote = 0
  #escaped = false
  #noEscapes = false
  /** The two bytes before, as long as both stand outside strings and comments. */
  #before = 0
  #last = 0
  #delimiter = Buffer.from(';')
  #matched = 0
  #head: number[] = []

  /** The statement that has ended with the last byte, or its beginning; comments are left out. */
  get head(): string {
    return Buffer.from(this.#head).toString('utf8').trim()
  }

  /** Forgets the statement that has ended. */
  begin(): void {
    this.#head = []
    this.#matched = 0
    this.#before = 0
    this.#last = 0
  }

  /** True when this byte is the last of a statement. */
  take(byte: number): boolean {
    if (this.#state === 'string') this.#takeOfString(byte)
    else if (this.#state === 'line') this.#takeOfLine(byte)
    else if (this.#state === 'block') this.#takeOfBlock(byte)
    else return this.#takeOfText(byte)
    return false
  }

  #takeOfString(byte: number): void {
    this.#keep(byte)
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH && this.#quote !== BACKTICK && !this.#noEscapes) this.#escaped = true
    else if (byte === this.#quote) this.#goTo('text')
  }

  #takeOfLine(byte: number): void {
    if (byte === NEWLINE) this.#goTo('text')
  }

  #takeOfBlock(byte: number): void {
    if (byte === SLASH && this.#last === STAR) this.#goTo('text')
    else this.#last = byte
  }

  #takeOfText(byte: number): boolean {
    if (this.#isDelimiterCommand()) return this.#takeOfDelimiter(byte)
    const blank = byte === BLANK || byte === TAB || byte === NEWLINE
    if (byte === HASH || (blank && this.#last === DASH && this.#before === DASH)) {
      if (byte !== HASH) this.#head.splice(-2)
      if (byte !== NEWLINE) this.#goTo('line')
      else this.#goTo('text')
      return false
    }
    // One byte late: only what follows tells a comment from what the server carries out.
    if (this.#before === SLASH && this.#last === STAR && byte !== BANG && byte !== CAPITAL_M) {
      this.#head.splice(-2)
      this.#goTo('block')
      this.#takeOfBlock(byte)
      return false
    }
    this.#keep(byte)
    this.#before = this.#last
    this.#last = byte
    if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) {
      this.#quote = byte
      this.#goTo('string')
      return false
    }
    return this.#ends(byte)
  }

  #ends(byte: number): boolean {
    if (byte !== this.#delimiter[this.#matched]) this.#matched = 0
    if (byte === this.#delimiter[this.#matched]) this.#matched += 1
    if (this.#matched < this.#delimiter.length) return false
    this.#noteMode()
    return true
  }

  /** In such a mode a backslash is a letter, for the client, too. A dump names the modes of a routine, a log has them as a number. */
  #noteMode(): void {
    const mode = /\bSET\s+(?:SESSION\s+|@@session\.)?sql_mode\s*=\s*(\S+)/i.exec(this.head)?.[1]
    if (mode === undefined) return
    const number = /^\d+/.exec(mode)?.[0]
    this.#noEscapes =
      number === undefined ? /NO_BACKSLASH_ESCAPES/i.test(mode) : (BigInt(number) & NO_BACKSLASH_ESCAPES) !== 0n
  }

  #isDelimiterCommand(): boolean {
    return this.#head.length >= 10 && this.#head.length < 60 && /^\s*delimiter\s/i.test(this.head.padEnd(10))
  }

  #takeOfDelimiter(byte: number): boolean {
    if (byte !== NEWLINE) {
      this.#keep(byte)
      return false
    }
    const word = /^delimiter\s+(\S+)/i.exec(this.head)?.[1]
    if (word !== undefined) this.#delimiter = Buffer.from(word)
    return true
  }

  #goTo(state: 'text' | 'string' | 'line' | 'block'): void {
    this.#state = state
    this.#escaped = false
    this.#matched = 0
    this.#before = 0
    this.#last = 0
  }

  #keep(byte: number): void {
    if (this.#head.length < HEAD_BYTES && (this.#head.length > 0 || byte > BLANK)) this.#head.push(byte)
  }
}
