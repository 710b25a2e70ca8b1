import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalEvent } from '../../src/saga/journal-event.ts'
import type { Boundary, Procedure } from './procedure.ts'
import type { Scene } from './scene.ts'

/**
 * Watches the journals until one of the procedure passes the boundary; false when the command ended before. Looks every
 * four milliseconds: the next act must not be over when the fault comes.
 */
export async function waitForBoundary(
  scene: Scene,
  { journalled }: Procedure,
  boundary: Boundary,
  ended: Promise<unknown>,
): Promise<boolean> {
  let over = false
  ended.then(() => {
    over = true
  })
  for (let seenBytes = -1; ; ) {
    const last = over
    const bytes = await sizeOfJournals(scene.cli.stateDirectory)
    const journals = bytes === seenBytes ? [] : await readJournals(scene.cli.stateDirectory)
    seenBytes = bytes
    for (const events of journals) {
      const [begun] = events
      if (begun?.event !== 'run-begun' || begun.procedure !== journalled) continue
      if (!boundary.reached(events)) continue
      await boundary.andThen?.(scene)
      return true
    }
    if (last) return false
    await sleep(4)
  }
}

async function sizeOfJournals(stateDirectory: string): Promise<number> {
  const folder = join(stateDirectory, 'runs')
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size),
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

/** Every journal's whole lines; a torn one is left out. */
export async function readJournals(stateDirectory: string): Promise<readonly (readonly JournalEvent[])[]> {
  const folder = join(stateDirectory, 'runs')
  const names = await readdir(folder).catch(() => [])
  return Promise.all(names.map(async (name) => parse(await readFile(join(folder, name), 'utf8').catch(() => ''))))
}

function parse(text: string): readonly JournalEvent[] {
  return text.split('\n').flatMap((entry) => {
    try {
      return [JSON.parse(entry) as JournalEvent]
    } catch {
      return []
    }
  })
}
