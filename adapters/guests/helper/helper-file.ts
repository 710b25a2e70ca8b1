import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { HelperFile } from '../../../src/guest/helper-file.ts'

const PARTS = new URL('./parts/', import.meta.url)
const FREEZE_HOOK = new URL('../freeze-hook/', import.meta.url)
const KNOWN_HASHES = new URL('./known-hashes.json', import.meta.url)

/**
 * The helper as this version ships it: the parts in the order of their names, joined without a change, so that a guest
 * needs one file and its hash says which. Rejects when a file of the installation cannot be read. Repeatable.
 */
export async function loadHelper(): Promise<HelperFile> {
  const names = (await readdir(PARTS)).filter((name) => name.endsWith('.sh')).sort()
  const parts = await Promise.all(names.map((name) => readFile(new URL(name, PARTS), 'utf8')))
  const content = parts.join('')
  const sha256 = createHash('sha256').update(content).digest('hex')
  const olderSha256 = (await knownHashes()).filter((hash) => hash !== sha256)
  return { content, sha256, olderSha256, freezeHook: await freezeHook() }
}

async function freezeHook() {
  const [install, remove] = await Promise.all(
    ['install.sh', 'remove.sh'].map((name) => readFile(new URL(name, FREEZE_HOOK), 'utf8')),
  )
  return { install: install ?? '', remove: remove ?? '' }
}

/** Hashes of released helpers that speak the same protocol; one is added with each release. */
async function knownHashes(): Promise<readonly string[]> {
  const { sha256 } = JSON.parse(await readFile(KNOWN_HASHES, 'utf8')) as { readonly sha256: readonly string[] }
  return sha256
}
