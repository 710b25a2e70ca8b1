import { chmod, chown, mkdtemp, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import type { HostAddress, HostKey } from '../../../src/guest/known-hosts.ts'
import { knownHostsName, matchNames } from './host-pattern.ts'
import { parseLine } from './known-hosts-lines.ts'

/** Whoever can write the file decides whom we trust. */
const WRITABLE_BY_OTHERS = 0o022

/** Bytes are kept as they are, whatever their encoding: names and keys are ASCII. */
const ENCODING = 'latin1'

/**
 * The text of a known_hosts file; empty when it is missing. Rejects with `config-unsafe` when others than root and this
 * user can write it, `config-invalid` when it cannot be read.
 */
export async function readKnownHosts(path: string): Promise<string> {
  let unsafe: boolean
  try {
    await using file = await open(path)
    const { mode, uid } = await file.stat()
    unsafe = (mode & WRITABLE_BY_OTHERS) !== 0 || (uid !== 0 && uid !== process.getuid?.())
    if (!unsafe) return await file.readFile(ENCODING)
  } catch (error) {
    if (isMissing(error)) return ''
    throw new StillshotError('config-invalid', `cannot read ${path}: ${(error as Error).message}`, { cause: error })
  }
  throw new StillshotError('config-unsafe', `known hosts ${path} can be written by others`)
}

/** Adds one line, durably; the file is created with mode 0600. */
export async function appendHostKey(path: string, address: HostAddress, key: HostKey): Promise<void> {
  const line = `${knownHostsName(address)} ${key.type} ${key.base64}\n`
  await using file = await open(path, 'a+', 0o600)
  const { size } = await file.stat()
  const last =
    size === 0 ? undefined : (await file.read({ position: size - 1, length: 1, buffer: Buffer.alloc(1) })).buffer
  await file.appendFile(last === undefined || last[0] === 0x0a ? line : `\n${line}`, ENCODING)
  await file.sync()
}

/**
 * Makes `key` the only one that is trusted for the address. Every other line, and every line with a marker, stays byte
 * for byte; a line that names other hosts too loses this name only. The file is replaced at once (rename) or not at all.
 * Rejects with `config-invalid` when another key is trusted by a pattern of hosts, which nobody but a person may narrow.
 */
export async function replaceHostKeys(path: string, address: HostAddress, key: HostKey): Promise<void> {
  const name = knownHostsName(address)
  const lines = (await readKnownHosts(path)).split('\n')
  if (lines.at(-1) === '') lines.pop()
  const kept = lines.flatMap((line, index) => withoutName(line, name, key, `${path}:${index + 1}`))
  const text = [...kept, `${name} ${key.type} ${key.base64}`, ''].join('\n')
  await replaceFile(path, text)
}

/** The line as it shall stand, or nothing. */
function withoutName(line: string, name: string, key: HostKey, place: string): string[] {
  const parsed = parseLine(line, place)
  const match = parsed === undefined || parsed.marker !== 'none' ? undefined : matchNames(parsed.names, name)
  if (parsed === undefined || match === undefined) return [line]
  if (match === 'name') {
    const others = parsed.names.split(',').filter((other) => other.toLowerCase() !== name)
    if (parsed.names.startsWith('|') || others.length === 0) return []
    const rest = line.replace(parsed.names, () => others.join(','))
    return matchNames(others.join(','), name) === undefined ? [rest] : refusePattern(name, place)
  }
  return parsed.key.base64 === key.base64 ? [line] : refusePattern(name, place)
}

function refusePattern(name: string, place: string): never {
  throw new StillshotError('config-invalid', `${place} trusts another key for ${name} by a pattern of hosts`, {
    hint: 'change that line by hand: other hosts may depend on it',
  })
}

/** In the place of a link's target, and with the mode and owner that the file has. */
async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const folder = await mkdtemp(join(dirname(target), '.known-hosts-'))
  try {
    const fresh = join(folder, 'known_hosts')
    await writeDurably(fresh, text)
    const old = await stat(target).catch(() => undefined)
    if (old !== undefined) {
      await chown(fresh, old.uid, old.gid)
      await chmod(fresh, old.mode & 0o777)
    }
    await rename(fresh, target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  await using parent = await open(dirname(target))
  await parent.sync()
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text, ENCODING)
  await file.sync()
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
