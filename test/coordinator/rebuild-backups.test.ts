import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryCatalog } from '../../adapters/catalogs/memory/memory-catalog.ts'
import { rebuildCatalog } from '../../src/coordinator/rebuild-catalog.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { verifyBackup } from '../../src/coordinator/verify-backup.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { hasCode } from '../conformance/repository.ts'
import { makeBackupWorld } from './backup-guest.ts'

async function lostCatalog() {
  const world = makeBackupWorld()
  const { ports, settings, signal, repository } = world
  const point = await takeBackup(ports, settings, { parts: ['databases'], signal, note: 'before 38' })
  const catalog = new MemoryCatalog()
  const key = { vm: 'db1', id: point.id }
  return {
    ...{ point, key, catalog, repository, signal },
    ports: { ...ports, catalog },
    rebuild: (dryRun = false) => rebuildCatalog({ ...ports, catalog }, settings, { dryRun, signal }),
    /** Somebody writes another manifest into the repository. */
    forge: async (change: Partial<Manifest>) => {
      const manifest = { ...(await repository.manifest(key)), ...change }
      repository.manifest = async () => manifest
    },
  }
}

test('a backup is read back with the grade that this coordinator has signed, and can be verified', async () => {
  const { point, catalog, ports, rebuild, signal } = await lostCatalog()
  assert.deepEqual(
    (await rebuild(true)).points.map(({ outcome }) => outcome),
    ['added'],
  )
  assert.deepEqual(await catalog.points(), [])
  const { points } = await rebuild()
  assert.deepEqual(
    points.map(({ id, grade, verified }) => [id, grade, verified]),
    [[point.id, 'db-locked', true]],
  )
  const read = await catalog.point(point.id)
  assert.deepEqual([read?.kind, read?.note, read?.createdAt], ['dump', 'before 38', point.createdAt])
  await verifyBackup(ports, read ?? point, { signal })
  assert.deepEqual(
    (await rebuild()).points.map(({ outcome }) => outcome),
    ['known'],
  )
})

test('a manifest that was changed, or that another coordinator signed, is claimed and suspect', async () => {
  for (const change of [{ grade: 'db-stopped' }, { signature: 'f'.repeat(64) }, { id: '01JDOTHERXXXXXXXXXXXXXXXXX' }]) {
    const { catalog, point, rebuild, forge } = await lostCatalog()
    await forge(change)
    const { points } = await rebuild()
    assert.deepEqual(
      points.map(({ id, grade, verified }) => [id, grade, verified]),
      [[point.id, 'suspect', false]],
    )
    assert.equal((await catalog.point(point.id))?.reasons[0]?.code, 'claimed')
  }
})

test('what the catalog knows is not read from a manifest that is another one now', async () => {
  const { point, ports, forge, signal } = await lostCatalog()
  await ports.catalog.savePoint(point)
  await forge({ note: 'somebody was here' })
  await assert.rejects(verifyBackup(ports, point, { signal }), hasCode('backup-damaged'))
})

test('a repository that does not answer, and a manifest that cannot be read, are named', async () => {
  const { ports, repository, rebuild } = await lostCatalog()
  repository.manifest = () => Promise.reject(new Error('torn'))
  assert.match(String((await rebuild()).left[0]?.reason.message), /torn/)
  Object.assign(ports.repositories ?? {}, { open: () => Promise.reject(new Error('away')) })
  assert.match(String((await rebuild()).left[0]?.reason.message), /away/)
})
