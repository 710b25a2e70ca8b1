import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seedOfSources } from './seed-of-sources.ts'

const project = join(import.meta.dirname, '../..')

test('the same sources have the same seed, in another folder, too; another content, name or place has another', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'stillshot-sources-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const make = async (name: string) => {
    const folder = join(root, name)
    await mkdir(join(folder, 'src/deep'), { recursive: true })
    await mkdir(join(folder, 'docs'))
    await writeFile(join(folder, 'src/deep/a.ts'), 'a')
    await writeFile(join(folder, 'src/b.sh'), 'b')
    await writeFile(join(folder, 'docs/page.md'), 'page')
    return folder
  }
  const [here, there] = [await make('here'), await make('there')]
  const seed = seedOfSources(here)
  assert.equal(seedOfSources(there), seed)
  await writeFile(join(there, 'docs/page.md'), 'another page')
  assert.equal(seedOfSources(there), seed)
  await writeFile(join(there, 'src/b.sh'), 'c')
  const changed = seedOfSources(there)
  assert.notEqual(changed, seed)
  await rename(join(there, 'src/b.sh'), join(there, 'src/c.sh'))
  assert.notEqual(seedOfSources(there), changed)
})

test('it leaves room for a hundred million seeds, above those that are fixed', () => {
  const seed = seedOfSources(project)
  assert.ok(seed > 10_000 && seed + 100_000_000 < 2 ** 32, `${seed}`)
})
