import { StillshotError } from '../errors.ts'
import type { DescriptionKey } from '../grade/description.ts'
import type { AppendFile } from '../system/files.ts'
import type { System } from '../system/system.ts'

/**
 * The key that signs descriptions: the first whole line of `description.key` in the state directory. Made at the first
 * run; when two processes make it at once, or one dies over it, a line is added and the first whole one counts.
 */
export async function loadDescriptionKey(system: System, stateDirectory: string): Promise<DescriptionKey> {
  const path = pathOf(stateDirectory)
  const there = await readKey(system, path)
  if (there !== undefined) return there
  try {
    await system.files.makeFolder(stateDirectory)
    const file = await openKey(system, path)
    // A line break first: somebody may have died in the middle of a line.
    await file.append(`\n${Buffer.from(system.randomness.bytes(32)).toString('hex')}\n`)
    await file.sync()
    await file.close()
  } catch (cause) {
    throw new StillshotError('state-unwritable', `the key ${path} cannot be made`, { cause })
  }
  const made = await readKey(system, path)
  if (made === undefined) throw new StillshotError('state-unwritable', `the key ${path} cannot be read back`)
  return made
}

/**
 * The same, on the disk for certain, with its name: whoever made it may have died before it was, and what is signed with a key
 * that a power cut takes away can never be verified.
 */
export async function loadDurableKey(system: System, stateDirectory: string): Promise<DescriptionKey> {
  const key = await loadDescriptionKey(system, stateDirectory)
  const path = pathOf(stateDirectory)
  try {
    await system.files.syncFile(path)
  } catch (cause) {
    throw new StillshotError('state-unwritable', `the key ${path} cannot be written to the disk`, { cause })
  }
  return key
}

/** The key that is there, for who only reads descriptions; none is made. Undefined when there is none. */
export function findDescriptionKey(system: System, stateDirectory: string): Promise<DescriptionKey | undefined> {
  return readKey(system, pathOf(stateDirectory))
}

function pathOf(stateDirectory: string): string {
  return `${stateDirectory}/description.key`
}

async function openKey({ files }: System, path: string): Promise<AppendFile> {
  try {
    return await files.openAppend(path, { create: true })
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'EEXIST') throw thrown
    return files.openAppend(path, { create: false })
  }
}

async function readKey({ files }: System, path: string): Promise<DescriptionKey | undefined> {
  try {
    const key = /^[0-9a-f]{64}$/m.exec(await files.readText(path))?.[0]
    return key === undefined ? undefined : Buffer.from(key, 'hex')
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined
    throw new StillshotError('state-unwritable', `the key ${path} cannot be read`, { cause: thrown })
  }
}
