import { StillshotError, toStillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import type { Sealing } from '../../../src/repository/sealing.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import { streamProgram } from '../../programs/stream-program.ts'
import { unnamedFile } from '../../programs/unnamed-file.ts'
import { openError, sealError } from './age-errors.ts'

export interface AgeSettings {
  /** Of the repository, for messages. */
  readonly name: string
  readonly recipients: readonly string[]
  /** Fetched for each stream; age alone has it, in a file without a name. */
  readonly identity?: () => Promise<string>
}

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }

/** Streams sealed by age for its recipients, whose public keys are all that sealing needs. */
export class AgeSealing implements Sealing {
  readonly kind = 'age'
  readonly #settings: AgeSettings

  constructor(settings: AgeSettings) {
    this.#settings = settings
  }

  get opens(): boolean {
    return this.#settings.identity !== undefined
  }

  async *seal(bytes: AsyncIterable<Uint8Array>, { signal }: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const words = ['--encrypt', ...this.#settings.recipients.flatMap((recipient) => ['--recipient', recipient])]
    try {
      yield* streamProgram({ name: 'age', words, environment: ENVIRONMENT, input: bytes, signal })
    } catch (thrown) {
      throw sealError(thrown)
    }
  }

  async *open(bytes: AsyncIterable<Uint8Array>, name: string, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const { identity } = this.#settings
    if (identity === undefined) {
      const message = `${name} is sealed, and repository ${this.#settings.name} has no identity on this machine`
      throw new StillshotError('identity-missing', message)
    }
    const secret = await unnamedFile(await identity())
    const words = ['--decrypt', '--identity', '/dev/fd/3']
    try {
      yield* streamProgram({
        ...{ name: 'age', words, environment: ENVIRONMENT, input: bytes },
        secret,
        signal: options.signal,
      })
    } catch (thrown) {
      throw openError(thrown, name)
    } finally {
      await secret.close()
    }
  }

  async check(options: CallOptions = {}): Promise<readonly Finding[]> {
    const { name, recipients } = this.#settings
    try {
      const sealed: Uint8Array[] = []
      for await (const chunk of this.seal(sample(), options)) sealed.push(chunk)
      if (!this.opens) return [writeOnly(name)]
      for await (const _ of this.open(pieces(sealed), 'what is sealed now', options));
    } catch (thrown) {
      options.signal?.throwIfAborted()
      const { code, message, hint } = toStillshotError(thrown)
      return [{ severity: 'refuse', code, message: `repository ${name}: ${message}`, hint, error: code }]
    }
    const message = `repository ${name}: sealed for ${recipients.length} recipients, and this machine can open it`
    return [{ severity: 'ok', code: 'repository-sealed', message, hint: '' }]
  }
}

function writeOnly(name: string): Finding {
  const message = `repository ${name} is sealed, and this machine cannot open what it writes there`
  const hint = `a restore needs repositories.${name}.identity; until then, see that somebody has it`
  return { severity: 'ok', code: 'repository-sealed', message, hint }
}

async function* sample(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('sealed and opened again\n')
}

async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
