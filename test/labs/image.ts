import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabPaths } from './paths.ts'

const RECIPE = join(import.meta.dirname, 'guest')

/** Longest that a build may take, with a slow mirror and an empty cache. */
const BUILD_TIMEOUT_MS = 900_000

/** Builds the guest image unless the one there was made by these very scripts. Gives what names this image. */
export async function ensureImage(paths: LabPaths): Promise<string> {
  const wanted = await recipeHash()
  if ((await builtFrom(paths)) === wanted) return wanted
  await mkdir(paths.folder, { recursive: true })
  const script = ['sh', join(RECIPE, 'build-image.sh'), paths.folder]
  const command = process.getuid?.() === 0 ? script : ['sudo', ...script]
  // stdin stays, so that sudo can ask for a password; progress goes to stderr and leaves stdout to the caller.
  const build = spawn(command[0]!, command.slice(1), {
    stdio: ['inherit', process.stderr, 'inherit'],
    timeout: BUILD_TIMEOUT_MS,
  })
  const [status] = await once(build, 'exit')
  if (status !== 0) throw new Error(`the guest image was not built: build-image.sh ended with ${status}`)
  const made = await builtFrom(paths)
  if (made !== wanted) throw new Error(`the guest image was built from ${made}, but the scripts are ${wanted}`)
  return wanted
}

/** As build-image.sh writes it: SHA-256 over its folder's scripts in the order of their names. */
async function recipeHash(): Promise<string> {
  const scripts = (await readdir(RECIPE)).filter((name) => name.endsWith('.sh')).sort()
  const hash = createHash('sha256')
  for (const name of scripts) hash.update(await readFile(join(RECIPE, name)))
  return hash.digest('hex')
}

async function builtFrom(paths: LabPaths): Promise<string | undefined> {
  const text = await readFile(join(paths.image, 'built-from'), 'utf8').catch(() => undefined)
  return text?.trim()
}
