import { open } from 'node:fs/promises'
import type { ParsedKey } from 'ssh2'
import ssh2 from 'ssh2'
import { StillshotError } from '../../../src/errors.ts'

/** The key file is readable by others, so that it must be taken for known to them. */
const OTHERS = 0o077

/** Reads private keys; a key that has not changed on disk is not decrypted again, so that a reconnect costs no passphrase. */
export class PrivateKeyFile {
  readonly #path: string
  readonly #passphrase: (() => Promise<string>) | undefined
  #last: { readonly stamp: string; readonly key: ParsedKey } | undefined

  /** `passphrase` is called only when the key cannot be read without one. */
  constructor(path: string, passphrase?: () => Promise<string>) {
    this.#path = path
    this.#passphrase = passphrase
  }

  /**
   * Rejects with `config-unsafe` when group or others have any right on the file (as ssh does), and with
   * `secret-unreadable` when it is missing, unreadable, damaged, or the passphrase is wrong.
   */
  async load(): Promise<ParsedKey> {
    const { stamp, content } = await readGuarded(this.#path)
    if (this.#last?.stamp === stamp) return this.#last.key
    let key = parse(content)
    if (key instanceof Error && this.#passphrase !== undefined) key = parse(content, await this.#passphrase())
    if (key instanceof Error) throw unreadable(this.#path, key)
    if (!key.isPrivateKey()) throw unreadable(this.#path, new Error('this is a public key'))
    this.#last = { stamp, key }
    return key
  }
}

async function readGuarded(path: string): Promise<{ stamp: string; content: Buffer }> {
  try {
    await using file = await open(path)
    const status = await file.stat({ bigint: true })
    const stamp = `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`
    if ((Number(status.mode) & OTHERS) === 0) return { stamp, content: await file.readFile() }
  } catch (error) {
    throw unreadable(path, error)
  }
  throw new StillshotError('config-unsafe', `private key ${path} can be used by others than its owner`, {
    hint: `chmod 600 ${path}; if others may have read it, make a new key`,
  })
}

/** ssh2 throws for some damaged files and returns an error for others. */
function parse(text: Buffer, passphrase?: string): ParsedKey | Error {
  try {
    return ssh2.utils.parseKey(text, passphrase)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function unreadable(path: string, cause: unknown): StillshotError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StillshotError('secret-unreadable', `cannot use the private key ${path}: ${reason}`, {
    cause,
    hint: 'ssh.key names a private key that this user can read; a key with a passphrase needs ssh.passphrase',
  })
}
