import { createHash } from 'node:crypto'
import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import type { Sealing } from '../../../src/repository/sealing.ts'

/** Seals nothing from anybody: as much as tests see of it. `recipient` and `identity` fit when they are alike. */
export class FakeSealing implements Sealing {
  readonly kind = 'age'
  readonly #recipient: string
  readonly #identity: string | undefined

  constructor(recipient: string, identity?: string) {
    this.#recipient = recipient
    this.#identity = identity
  }

  get opens(): boolean {
    return this.#identity !== undefined
  }

  async *seal(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const sum = createHash('sha256')
    yield Buffer.from(this.#header(this.#recipient))
    for await (const chunk of bytes) {
      const sealed = chunk.map((byte) => byte ^ 0x5a)
      sum.update(sealed)
      yield sealed
    }
    yield sum.digest()
  }

  async *open(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    const all = Buffer.concat(chunks)
    const header = this.#header(this.#identity ?? '')
    const start = all.toString('latin1', 0, header.length)
    if (!start.startsWith('sealed for ')) throw new StillshotError('backup-damaged', `${name} was not sealed`)
    if (this.#identity === undefined || start !== header) {
      throw new StillshotError('identity-missing', `${name} is sealed for others`)
    }
    const sealed = all.subarray(header.length, -32)
    if (!createHash('sha256').update(sealed).digest().equals(all.subarray(-32))) {
      throw new StillshotError('backup-damaged', `${name} is not as it was sealed`)
    }
    yield sealed.map((byte) => byte ^ 0x5a)
  }

  async check(): Promise<readonly Finding[]> {
    if (this.#identity === undefined || this.#identity === this.#recipient) return []
    const [code, message] = ['identity-missing', 'what is sealed now opens for others'] as const
    return [{ severity: 'refuse', code, message, hint: 'name the identity of a recipient', error: code }]
  }

  #header(who: string): string {
    return `sealed for ${who.padEnd(16)}`
  }
}
