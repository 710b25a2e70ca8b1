import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What decides how a world goes: the code under test, what it ships to guests, and the world itself. */
const SOURCES = ['src', 'adapters', 'test/simulation', 'test/world'].map((folder) => `${folder}/**/*.{ts,sh,json}`)

/** The fixed seeds, 1 and up, lie below; {@link runWorkers} goes up from here, still within 32 bits. */
const FIRST = 2 ** 20
const SPAN = 2 ** 31

/**
 * Seeds that belong to these very sources: another state of them has others, the same state has the same on every machine and
 * on every day. So each change explores worlds of its own, and what they break is met again by whoever looks for it.
 */
export function seedOfSources(root: string): number {
  const hash = createHash('sha256')
  for (const path of globSync(SOURCES, { cwd: root }).sort()) {
    const content = readFileSync(join(root, path))
    // With its length, so that no text can move from one file to the next unseen.
    hash.update(`${path}\0${content.length}\0`).update(content)
  }
  return FIRST + (hash.digest().readUInt32BE(0) % SPAN)
}
