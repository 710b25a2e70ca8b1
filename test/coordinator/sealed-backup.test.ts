import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSealing } from '../../adapters/sealing/fake/fake-sealing.ts'
import { restoreBackup } from '../../src/coordinator/restore-backup.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { verifyBackup } from '../../src/coordinator/verify-backup.ts'
import { PARTS } from '../../src/repository/manifest.ts'
import { hasCode } from '../conformance/repository.ts'
import { DUMP, makeBackupWorld } from './backup-guest.ts'

const [ours, blind] = [new FakeSealing('admin', 'admin'), new FakeSealing('admin')]

function sealedWorld(sealing = ours) {
  const world = makeBackupWorld()
  world.repository.sealing = sealing
  const { ports, settings, signal } = world
  const order = { parts: ['databases'], users: false, safety: true, dryRun: false, signal } as const
  return {
    ...world,
    backUp: () => takeBackup(ports, settings, { parts: PARTS, signal }),
    restore: (more: object = {}) => restoreBackup(ports, settings, { ...order, ...more }),
  }
}

test('a sealed backup holds nothing that can be read, says how it is opened, and is restored', async () => {
  const world = sealedWorld()
  const point = await world.backUp()
  const manifest = await world.repository.manifest({ vm: 'db1', id: point.id })
  const [databases] = manifest.streams
  assert.deepEqual([databases?.name, databases?.sealed], ['databases.sql.gz.age', 'age'])
  assert.ok(
    manifest.restore.includes(
      'age -d -i IDENTITY < databases.sql.gz.age | gunzip -c | mysql --binary-mode --max-allowed-packet=1G',
    ),
  )
  await world.restore()
  assert.match(String(world.server.content), new RegExp(DUMP.slice(0, 15)))
})

test('without an identity a backup is written and its bytes are compared, and no restore begins', async () => {
  const world = sealedWorld(blind)
  const point = await world.backUp()
  const { streams } = await verifyBackup(world.ports, point, world)
  assert.deepEqual(new Set(streams.map(({ opened }) => opened)), new Set([false]))
  await assert.rejects(world.restore(), hasCode('identity-missing'))
  await assert.rejects(world.restore({ dryRun: true }), hasCode('identity-missing'))
  world.repository.spoil({ vm: 'db1', id: point.id }, 'databases.sql.gz.age')
  await assert.rejects(verifyBackup(world.ports, point, world), hasCode('backup-damaged'))
  assert.equal(world.server.content, 'old')
})

test('a backup in clear is not restored where its safety dump could not be opened again', async () => {
  const world = makeBackupWorld()
  const { ports, settings, signal, repository } = world
  await takeBackup(ports, settings, { parts: PARTS, signal })
  repository.sealing = blind
  const order = { parts: ['databases'], users: false, dryRun: false, signal } as const
  await assert.rejects(restoreBackup(ports, settings, { ...order, safety: true }), hasCode('identity-missing'))
  assert.deepEqual(world.server.claims, [])
  await restoreBackup(ports, settings, { ...order, safety: false })
  assert.equal(world.server.loads.length, 1)
})
