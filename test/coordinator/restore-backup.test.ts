import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILT_IN_PROFILES } from '../../src/config/profiles.ts'
import { type BackupRestoreOrder, restoreBackup } from '../../src/coordinator/restore-backup.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { type ErrorCode, StillshotError } from '../../src/errors.ts'
import type { Part } from '../../src/repository/manifest.ts'
import { makeBackupWorld } from './backup-guest.ts'

const IDOIT = BUILT_IN_PROFILES.idoit?.components ?? []

type World = ReturnType<typeof makeBackupWorld>

const backUp = ({ ports, settings, signal }: World, parts: readonly Part[] = ['databases']) =>
  takeBackup(ports, settings, { parts, signal })
const restore = ({ ports, settings, signal }: World, more: Partial<BackupRestoreOrder> = {}) =>
  restoreBackup(ports, settings, {
    ...{ parts: ['databases'], users: false, over: false, safety: true, dryRun: false, signal },
    ...more,
  })
const refused = (code: string) => ({ exitStatus: 1, stdout: '', stderr: `stillshot-guest: why (${code})\n` })
const hasCode = (code: ErrorCode, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StillshotError)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, says)
  return true
}

const section = (name: string) =>
  `--\n-- Current Database: \`${name}\`\n--\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ \`${name}\`;\n\nUSE \`${name}\`;\nINSERT INTO ${name}_table VALUES (1);\n`

/** A server with two databases. */
function twoDatabases(): World {
  const world = makeBackupWorld()
  world.facts.databases = ['a', 'b'].map((name) => ({ name, tables: 1, sizeBytes: 1 }))
  const stdout = `-- MariaDB dump\n${section('a')}${section('b')}-- Dump completed on 2026-11-27\n`
  world.says.dump = { exitStatus: 0, stdout, stderr: '' }
  return world
}

test('a database that is named twice is restored once, and no other with it', async () => {
  const world = twoDatabases()
  await backUp(world)
  await restore(world, { databases: ['a', 'a'] })
  assert.match(String(world.server.content), /^database=a\n\n[\s\S]*a_table/)
  assert.doesNotMatch(String(world.server.content), /b_table/)
})

test('the command that puts back what was there names what was replaced, and nothing else', async () => {
  const world = twoDatabases()
  await backUp(world)
  const { safetyPoint, undoWith } = await restore(world, { databases: ['a'], users: true })
  assert.equal(undoWith, `stillshot restore db1 --from backup --point ${safetyPoint?.id} --database a --users`)
})

test('unless it is named, no dump from before a restore, no suspect backup and none that lacks what is wanted is taken', async () => {
  const world = twoDatabases()
  const good = await backUp(world, ['databases', 'files'])
  const bad = await restore(world, { dryRun: true })
  assert.equal(bad.point.id, good.id)
  await restore(world)
  await backUp(world, ['configuration'])
  await world.catalog.savePoint({ ...(await backUp(world)), grade: 'suspect' })
  assert.equal((await restore(world, { dryRun: true })).point.id, good.id)
  assert.equal((await restore(world, { dryRun: true, parts: ['files'] })).point.id, good.id)
  await assert.rejects(restore(world, { dryRun: true, databases: ['c'] }), hasCode('point-not-found', /holds all/))
})

test('a dump from before a restore is known as such by its manifest, too', async () => {
  const world = twoDatabases()
  const { id } = await backUp(world)
  const { safetyPoint } = await restore(world)
  const manifest = await world.repository.manifest({ vm: 'db1', id: String(safetyPoint?.id) })
  assert.equal(manifest.note, `before the restore of ${id}`)
})

test('a dump that the storage gives whole once, and cut off while it is loaded, is never taken for whole', async () => {
  const world = twoDatabases()
  world.repository.compression = 'none'
  const { id } = await backUp(world)
  const read = world.repository.read.bind(world.repository)
  let reads = 0
  world.repository.read = async (key, stream) => {
    const bytes = await read(key, stream)
    reads += key.id === id && stream === 'databases.sql' ? 1 : 0
    return key.id === id && stream === 'databases.sql' && reads > 1 ? firstHalf(bytes) : bytes
  }
  await assert.rejects(restore(world), hasCode('backup-damaged', /databases.sql is not what was written/))
  assert.equal(world.server.half, null)
})

async function* firstHalf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) yield chunk.subarray(0, chunk.length >> 1)
}

test('what the server says of a dump that it does not take shows nothing of what is in it', async () => {
  const said = {
    "ERROR 1064 (42000) at line 9: You have an error in your SQL syntax near 'USING '*2470C0C06DEE'' at line 1":
      /near … at line 1/,
    "ERROR 1064 (42000) at line 9: You have an error in your SQL syntax near 'USING '*2470C0C06DEE'": /near …/,
    "ERROR 1062 (23000) at line 9: Duplicate entry 'it's 2470C0C06DEE' for key 'mail'": /entry … for key 'mail'/,
    "ERROR 1366 (22007) at line 9: Incorrect integer value: '2470C0C06DEE' for column `a`.`b`.`c`":
      /value: … for column/,
  }
  for (const [stderr, shown] of Object.entries(said)) {
    const world = twoDatabases()
    await backUp(world)
    world.server.refuse = (way) =>
      way === 'drop' ? { exitStatus: 1, stdout: '', stderr: `--------------\nINSERT secret\n${stderr}\n` } : undefined
    await assert.rejects(restore(world), (thrown: StillshotError) => {
      assert.match(thrown.message, shown)
      assert.doesNotMatch(thrown.message, /2470C0C06DEE|secret/)
      return true
    })
  }
})

test('what was not dropped is not put back, and the run ends clean', async () => {
  const world = twoDatabases()
  await backUp(world)
  world.server.refuse = (way) => refused(way === 'drop' ? 'server-silent' : 'nothing-dropped')
  await assert.rejects(restore(world), hasCode('load-failed', /why.*; no database had been dropped$/))
  assert.deepEqual(await world.catalog.locks(), [])
})

test('under an application that may run again nothing is dropped: a person is told what to do', async () => {
  const world = twoDatabases()
  await backUp(world)
  world.server.refuse = (way) => refused(way === 'drop' ? 'x' : 'too-late')
  await assert.rejects(
    restore(world),
    hasCode('undo-failed', /by hand: stop the application, put back the databases a, b of backup \w{26} /),
  )
  assert.deepEqual(
    world.server.claims.map(([, way]) => way),
    ['drop', 'back'],
  )
})

test('a load that is put back is tried again while the server cannot take it', async () => {
  const world = twoDatabases()
  await backUp(world)
  world.server.refuse = (_, nth) => (nth < 3 ? refused('server-silent') : undefined)
  await assert.rejects(restore(world), hasCode('load-failed', /as they were before the restore: a, b$/))
  assert.equal(world.server.claims.length, 3)
})

test('accounts are restored with databases only, and put back with them', async () => {
  const world = twoDatabases()
  await backUp(world, ['databases', 'files'])
  await assert.rejects(restore(world, { users: true, parts: ['files'] }), hasCode('usage', /with databases only/))
  world.server.refuse = (_, nth) => (nth === 2 ? refused('x') : undefined)
  await assert.rejects(restore(world, { users: true }), hasCode('load-failed', /as they were/))
  assert.deepEqual(
    world.server.loads.map((sql) => /CREATE USER/.test(sql)),
    [false, false, true],
  )
  world.facts.databases = []
  await assert.rejects(restore(world, { users: true }), hasCode('preflight-refused', /accounts cannot be dumped/))
  world.server.refuse = () => undefined
  await restore(world, { users: true, safety: false })
})

test('a helper that is none of ours is asked to stop and to drop nothing', async () => {
  const world = twoDatabases()
  await backUp(world)
  world.facts.sha256 = 'f'.repeat(64)
  await assert.rejects(restore(world), hasCode('helper-altered', /none of ours/))
  assert.deepEqual([world.server.claims, world.asked.includes('hold')], [[], false])
})

test('another machine at the address of the guest is refused before anything is dropped', async () => {
  const world = twoDatabases()
  await backUp(world)
  world.facts.uuid = '00000000-0000-0000-0000-000000000001'
  await assert.rejects(restore(world, { safety: false }), hasCode('preflight-refused', /SMBIOS UUID/))
  assert.deepEqual(world.server.claims, [])
})

test('a backup of one VM is put into another, whose safety dump and claims are its own', async () => {
  const world = twoDatabases()
  const { id } = await backUp(world)
  const { ports, settings, signal } = world
  const into = { ...settings, name: 'db2' }
  const order = { parts: ['databases'], users: false, safety: true, dryRun: false, signal } as const
  await assert.rejects(restoreBackup(ports, into, order), hasCode('point-not-found', /db2 has no backup/))
  const { vm, point, safetyPoint, undoWith } = await restoreBackup(ports, into, { ...order, of: 'db1' })
  assert.deepEqual([vm, point.id, safetyPoint?.vm], ['db2', id, 'db2'])
  assert.match(String(undoWith), /^stillshot restore db2 --from backup --point /)
  await assert.rejects(
    restoreBackup(ports, into, { ...order, of: 'db1', at: '2026-11-27T00:00:00Z' }),
    hasCode('usage', /--into/),
  )
})

test('an application whose parts are roles is held while its databases are replaced', async () => {
  const world = twoDatabases()
  await backUp(world)
  const profile = { ...world.settings.profile, components: IDOIT }
  const { plan } = await restore({ ...world, settings: { ...world.settings, profile } }, { dryRun: true })
  assert.match(plan.join('; '), /stop web server/)
  const { plan: alone } = await restore(world, { dryRun: true })
  assert.doesNotMatch(alone.join('; '), /stop web server/)
})
