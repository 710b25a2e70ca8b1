import { StillshotError } from '../errors.ts'
import type { DescriptionKey } from '../grade/description.ts'
import type { System } from '../system/system.ts'

/** The key that signs descriptions: `description.key` in the state directory, made at the first run. */
export async function loadDescriptionKey(system: System, stateDirectory: string): Promise<DescriptionKey> {
  const path = `${stateDirectory}/description.key`
  const there = await readKey(system, path)
  if (there !== undefined) return there
  await system.files.makeFolder(stateDirectory)
  try {
    const file = await system.files.openAppend(path, { create: true })
    await file.append(`${Buffer.from(system.randomness.bytes(32)).toString('hex')}\n`)
    await file.sync()
    await file.close()
  } catch (cause) {
    // Another process may have been faster: then its key counts.
    const other = await readKey(system, path)
    if (other !== undefined) return other
    throw new StillshotError('state-unwritable', `the key ${path} cannot be made`, { cause })
  }
  const made = await readKey(system, path)
  if (made === undefined) throw new StillshotError('state-unwritable', `the key ${path} cannot be read back`)
  return made
}

async function readKey(system: System, path: string): Promise<DescriptionKey | undefined> {
  let text: string
  try {
    text = await system.files.readText(path)
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined
    throw new StillshotError('state-unwritable', `the key ${path} cannot be read`, { cause: thrown })
  }
  if (!/^[0-9a-f]{64}\n?$/.test(text)) return undefined
  return Buffer.from(text.trim(), 'hex')
}
