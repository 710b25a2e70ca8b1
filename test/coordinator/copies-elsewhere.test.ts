import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCopyElsewhere } from '../../src/coordinator/copies-elsewhere.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import type { RepositoryPlace } from '../../src/repository/place.ts'
import { makeBackupWorld } from './backup-guest.ts'

async function backUpTo(host: RepositoryPlace['host']) {
  const { ports, settings, signal, repository } = makeBackupWorld()
  repository.lies = { host, source: 'somewhere' }
  return takeBackup(ports, settings, { parts: ['databases'], signal })
}

test('a dump is a copy elsewhere only where it was seen to lie with a third machine', async () => {
  const other = await backUpTo('other')
  assert.equal(hasCopyElsewhere([other]), true)
  assert.equal(hasCopyElsewhere([{ ...other, grade: 'suspect' }]), false)
  for (const host of ['this', 'unknown'] as const) assert.equal(hasCopyElsewhere([await backUpTo(host)]), false, host)
})
