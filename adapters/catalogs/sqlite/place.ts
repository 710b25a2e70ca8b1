import { mkdir, open, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StillshotError } from '../../../src/errors.ts'

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
 * missing. Rejects with `state-unwritable`, also where a network file system could damage the catalog in silence.
 */
export async function preparePlace(path: string): Promise<void> {
  const folder = dirname(path)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    refuseNetwork(folder, (await statfs(folder)).type)
    await (await open(path, 'a', 0o600)).close()
  } catch (error) {
    if (error instanceof StillshotError) throw error
    const words = error instanceof Error ? error.message : String(error)
    throw new StillshotError('state-unwritable', `catalog ${path} cannot be opened: ${words}`, { cause: error })
  }
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
