import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { Scene } from './scene.ts'

/** What is wrong in the repository: half of a backup, one that nobody lists, or one that is listed and cannot be read. */
export async function repositoryFaults(scene: Scene): Promise<readonly string[]> {
  const points = (await scene.catalog((catalog) => catalog.points())).filter(({ kind }) => kind === 'dump')
  const folder = join(scene.repository.folder, scene.cli.vm)
  const names: readonly string[] = await readdir(folder).catch(() => [])
  const found: string[] = [
    ...names
      .filter((name) => !points.some(({ id }) => id === name))
      .map((name) => `the repository has ${name}, which no point is of`),
    ...points.filter(({ id }) => !names.includes(id)).map(({ id }) => `the backup ${id} is listed and not there`),
  ]
  for (const point of points) found.push(...(await unreadable(scene, point)))
  const [told] = scene.told
  if (told?.command === 'backup' && told.status === 0 && points.length !== 1) {
    found.push(`a backup was told of, ${points.length} are there`)
  }
  return found
}

async function unreadable(scene: Scene, { id }: RestorePoint): Promise<readonly string[]> {
  const { status, output } = await scene.tell(['verify', id])
  return status === 0 ? [] : [`verify of ${id} ended with ${status}: ${output.slice(0, 300)}`]
}
