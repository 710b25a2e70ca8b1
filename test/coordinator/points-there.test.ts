import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkVm } from '../../src/coordinator/check-vm.ts'
import { pointsThere } from '../../src/coordinator/points-there.ts'
import { restoreBackup } from '../../src/coordinator/restore-backup.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { StillshotError } from '../../src/errors.ts'
import { makeBackupWorld } from './backup-guest.ts'

const ONLY = ['databases'] as const

test('a backup whose folder was removed is not there, and those beside it are', async () => {
  const { ports, settings, signal, repository, catalog } = makeBackupWorld()
  const kept = await takeBackup(ports, settings, { parts: ONLY, signal })
  const removed = await takeBackup(ports, settings, { parts: ONLY, signal })
  await repository.remove({ vm: 'db1', id: removed.id })
  const points = await catalog.points()
  const seen = await pointsThere(ports.repositories, points, { signal })
  assert.deepEqual([seen.there.map(({ id }) => id), seen.gone.map(({ id }) => id)], [[kept.id], [removed.id]])
  const unreachable = async () => {
    throw new StillshotError('repository-unusable', 'it is not mounted')
  }
  assert.deepEqual((await pointsThere({ open: unreachable }, points, { signal })).gone, [])
  assert.deepEqual((await pointsThere(undefined, points, { signal })).gone, [])
})

test('neither check counts it as a copy elsewhere, nor a restore takes it for the newest', async () => {
  const { ports, settings, signal, repository } = makeBackupWorld()
  const kept = await takeBackup(ports, settings, { parts: ONLY, signal })
  const removed = await takeBackup(ports, settings, { parts: ONLY, signal })
  await repository.remove({ vm: 'db1', id: removed.id })
  const order = { parts: ONLY, users: false, safety: true, dryRun: true, signal }
  assert.equal((await restoreBackup(ports, settings, order)).point.id, kept.id)
  const codes = async () => (await checkVm(ports, settings, { signal })).findings.map(({ code }) => code)
  assert.ok((await codes()).includes('copy-elsewhere'))
  await repository.remove({ vm: 'db1', id: kept.id })
  assert.ok((await codes()).includes('no-copy-elsewhere'))
})
