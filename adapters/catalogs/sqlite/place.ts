import { constants, type Stats } from 'node:fs'
import { access, mkdir, open, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'
import { shellWord } from '../../../src/system/shell-word.ts'

/**
 * File systems of other machines, by `f_type` of statfs(2). SQLite's write-ahead log needs memory that all processes
 * share, so they must be on one machine (sqlite.org/wal.html, "All processes using a database must be on the same host").
 */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x517b, 'smb'],
  [0x00c36400, 'ceph'],
  [0x5346414f, 'afs'],
  [0x0bd00bd0, 'lustre'],
])

/**
 * Makes the folder (mode 0700) and the empty file (mode 0600; SQLite gives its side files the same) when they are
 * missing. Rejects with `config-unsafe` when others can write folder or file: they would decide what is locked, held and
 * recovered. Rejects with `state-unwritable`, also where a network file system could damage the catalog in silence.
 */
export async function preparePlace(path: string): Promise<void> {
  const folder = dirname(path)
  await withPath(path, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    refuseUnsafe(folder, await stat(folder))
    refuseNetwork(folder, (await statfs(folder)).type)
    const file = await open(path, 'a', 0o600)
    try {
      refuseUnsafe(path, await file.stat())
    } finally {
      await file.close()
    }
  })
}

/**
 * True when there is a catalog: something is in the file. Changes nothing; rejects as {@link preparePlace} would, also where it could
 * not make what is missing.
 */
export async function isThereSqliteCatalog(path: string): Promise<boolean> {
  return await withPath(path, async () => {
    const folder = dirname(path)
    const facts = await statOf(folder)
    if (facts === undefined) {
      await access(await nearestFolder(folder), constants.W_OK)
      return false
    }
    refuseUnsafe(folder, facts)
    const file = await statOf(path)
    if (file === undefined) await access(folder, constants.W_OK)
    return file !== undefined && file.size > 0
  })
}

async function nearestFolder(missing: string): Promise<string> {
  const above = dirname(missing)
  return (await statOf(above)) === undefined ? nearestFolder(above) : above
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** What Node throws, as an error of the table. */
async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StillshotError) throw error
    const words = error instanceof Error ? error.message : String(error)
    throw new StillshotError('state-unwritable', `catalog ${path} cannot be opened: ${words}`, { cause: error })
  }
}

/** Throws `config-unsafe` unless it belongs to root or the caller and nobody else can write it. */
export function refuseUnsafe(path: string, { uid, mode }: { uid: number; mode: number }): void {
  const caller = process.geteuid?.() ?? 0
  if (uid !== 0 && uid !== caller) {
    throw new StillshotError('config-unsafe', `${path} belongs to user ${uid}, not to root or user ${caller}`, {
      hint: 'give `state.directory` and what is in it to the user who runs stillshot',
    })
  }
  if ((mode & 0o022) === 0) return
  const bits = (mode & 0o7777).toString(8).padStart(4, '0')
  throw new StillshotError('config-unsafe', `${path} can be written by others (mode ${bits})`, {
    hint: `chmod go-w ${shellWord(path)}`,
  })
}

/** Throws `state-unwritable` when the file system, by its `f_type`, is of another machine. */
export function refuseNetwork(folder: string, type: number): void {
  const network = NETWORK_FILE_SYSTEMS.get(type >>> 0)
  if (network === undefined) return
  throw new StillshotError(
    'state-unwritable',
    `the state directory ${folder} lies on a network file system (${network})`,
    {
      hint: 'put `state.directory` on a disk of this machine: the catalog may be damaged elsewhere',
    },
  )
}
