import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How far a clock may be ahead of the ticket's, in milliseconds. */
const GRACE_MS = 300_000

/** Makes and checks tickets and CSRF tokens: time stamped and signed, nothing is stored. */
export class Tickets {
  readonly #key = randomBytes(32)
  readonly #now: () => number
  readonly #validMs: number

  constructor(options: { now: () => number; validMs: number }) {
    this.#now = options.now
    this.#validMs = options.validMs
  }

  ticket(user: string): string {
    const plain = `PVE:${user}:${this.#stamp()}`
    return `${plain}::${this.#sign(plain)}`
  }

  /** The user of a ticket that is valid now; undefined for any other. */
  userOf(ticket: string): string | undefined {
    const [, plain = '', user, stamp = '', signature = ''] = /^(PVE:([^:]+):([0-9A-F]{8}))::(.+)$/.exec(ticket) ?? []
    return this.#signedBy(plain, signature) && this.#fresh(stamp) ? user : undefined
  }

  csrfToken(user: string): string {
    const stamp = this.#stamp()
    return `${stamp}:${this.#sign(`${stamp}:${user}`)}`
  }

  isCsrfToken(token: string, user: string): boolean {
    const [stamp = '', signature = ''] = token.split(':')
    return this.#signedBy(`${stamp}:${user}`, signature) && this.#fresh(stamp)
  }

  #stamp(): string {
    return hex8(Math.floor(this.#now() / 1000))
  }

  #fresh(stamp: string): boolean {
    const ageMs = this.#now() - Number.parseInt(stamp, 16) * 1000
    return ageMs > -GRACE_MS && ageMs < this.#validMs
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64')
  }

  #signedBy(text: string, signature: string): boolean {
    const [right, given] = [Buffer.from(this.#sign(text)), Buffer.from(signature)]
    return right.length === given.length && timingSafeEqual(right, given)
  }
}

/** Eight hexadecimal digits in capitals, as in UPIDs and tickets. */
export function hex8(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0')
}
