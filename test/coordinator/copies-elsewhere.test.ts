import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { hasCopyElsewhere } from '../../src/coordinator/copies-elsewhere.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import type { StillshotError } from '../../src/errors.ts'
import type { RepositoryPlace } from '../../src/repository/place.ts'
import { makeBackupWorld } from './backup-guest.ts'

async function backUpTo(host: RepositoryPlace['host']) {
  const { ports, settings, signal, repository } = makeBackupWorld()
  repository.lies = { ...repository.lies, host, source: 'somewhere' }
  return takeBackup(ports, settings, { parts: ['databases'], signal })
}

test('a dump is a copy elsewhere only where it was seen to lie with a third machine', async () => {
  const other = await backUpTo('other')
  assert.equal(hasCopyElsewhere([other]), true)
  assert.equal(hasCopyElsewhere([{ ...other, grade: 'suspect' }]), false)
  for (const host of ['this', 'unknown'] as const) assert.equal(hasCopyElsewhere([await backUpTo(host)]), false, host)
})

test('a repository on the share that the VM lies on is refused, and what was put there counts as no copy', async () => {
  const { ports, settings, signal, repository, hypervisor } = makeBackupWorld()
  const other = await backUpTo('other')
  hypervisor.state('db1').storage = [
    {
      ...{ kind: 'share', name: 'datastore vms', protocol: 'nfs' },
      ...{ server: 'san', addresses: ['10.0.0.9'], share: '/backup/' },
    },
  ]
  await assert.rejects(takeBackup(ports, settings, { parts: ['databases'], signal }), (error: StillshotError) => {
    assert.equal(error.code, 'repository-unusable')
    assert.match(`${error.message} ${error.hint}`, /storage of the VM.*datastore vms.*another storage/s)
    return true
  })
  assert.deepEqual(await repository.list(settings.name), [])
  const { manifest } = dumpEvidence(other) ?? assert.fail()
  const evidence = {
    ...(other.evidence as object),
    manifest: { ...manifest, place: { ...manifest.place, storage: 'same' } },
  }
  assert.equal(hasCopyElsewhere([{ ...other, evidence }]), false)
})

test('what the hypervisor does not tell keeps no backup from being made, and is said', async () => {
  const { ports, settings, signal, hypervisor } = makeBackupWorld()
  hypervisor.breakNext({ call: 'storage', kind: 'fail' })
  const point = await takeBackup(ports, settings, { parts: ['databases'], signal })
  const { findings, manifest } = dumpEvidence(point) ?? assert.fail()
  assert.match(findings.find(({ code }) => code === 'repository-place-unknown')?.message ?? '', /fake fault in storage/)
  assert.equal(manifest.place?.storage, 'unknown')
})
