import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DumpEvidence, dumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { restoreBackup } from '../../src/coordinator/restore-backup.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { verifyBackup } from '../../src/coordinator/verify-backup.ts'
import { type ErrorCode, StillshotError } from '../../src/errors.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import { PARTS, type Part } from '../../src/repository/manifest.ts'
import { DUMP, makeBackupWorld, TAR } from './backup-guest.ts'

type World = ReturnType<typeof makeBackupWorld>

const backUp = ({ ports, settings, signal }: World, parts: readonly Part[] = PARTS) =>
  takeBackup(ports, settings, { parts, signal })
const restore = ({ ports, settings, signal }: World, more: object = {}) =>
  restoreBackup(ports, settings, {
    ...{ parts: ['databases'], users: false, safety: true, dryRun: false, signal },
    ...more,
  })

function hasCode(code: ErrorCode, says = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StillshotError)
    assert.deepEqual([error.code, says.test(error.message)], [code, true], error.message)
    return true
  }
}

async function nothingIsLeft({ repository, catalog }: World): Promise<void> {
  assert.deepEqual([await repository.list('db1'), await catalog.points(), await catalog.locks()], [[], [], []])
}

test('a backup is one restore point with everything in its manifest', async () => {
  const world = makeBackupWorld()
  const point = await backUp(world)
  assert.deepEqual([point.kind, point.grade, point.reasons], ['dump', 'db-locked', []])
  assert.deepEqual(await world.repository.list('db1'), [point.id])
  const manifest = await world.repository.manifest({ vm: 'db1', id: point.id })
  assert.deepEqual(manifest, dumpEvidence(point)?.manifest)
  assert.deepEqual(manifest.server?.position, { file: 'bin.000001', position: 345, gtid: null })
  assert.deepEqual(
    manifest.streams.map(({ name }) => name),
    [
      ...[
        'databases.sql.gz',
        'users.sql.gz',
        'files.tar.gz',
        'configuration.tar.gz',
        'packages.txt.gz',
        'configuration-report.txt.gz',
      ],
    ],
  )
  assert.ok(manifest.restore.includes('gunzip -c < databases.sql.gz | mysql --binary-mode --max-allowed-packet=1G'))
  assert.equal((await verifyBackup(world.ports, point, world)).streams.length, 6)
  assert.deepEqual(await world.catalog.locks(), [])
})

const BROKEN = {
  'ends with an error': { exitStatus: 3, stdout: DUMP, stderr: 'mariadb-dump: Got error: 2013' },
  'is ended by a signal': { exitStatus: undefined, signal: 'SIGKILL', stdout: DUMP, stderr: '' },
  'is cut off': { exitStatus: 0, stdout: DUMP.slice(0, -40), stderr: '' },
  'says that it left something out': {
    exitStatus: 0,
    stdout: DUMP,
    stderr: "mariadb-dump: Couldn't execute 'SHOW CREATE'",
  },
  'names itself by its path, and says so before much else': {
    exitStatus: 0,
    stdout: DUMP,
    stderr: `/usr/bin/mysqldump: Error: 'Access denied' when trying to dump tablespaces\n${'Warning: x\n'.repeat(90)}`,
  },
} as const
for (const [how, result] of Object.entries(BROKEN)) {
  test(`a dump that ${how} is no backup`, async () => {
    const world = makeBackupWorld()
    world.says.dump = result
    await assert.rejects(backUp(world), hasCode('dump-failed'))
    await nothingIsLeft(world)
  })
}

test('files that changed while they were read are told, and a tar that failed is no backup', async () => {
  const world = makeBackupWorld()
  world.says.archive = { exitStatus: 1, stdout: TAR, stderr: 'tar: var/www/a: file changed as we read it\n' }
  const point = await backUp(world)
  assert.deepEqual(
    [point.grade, point.reasons.map(({ code }) => code)],
    ['db-locked', ['files-changed', 'files-changed']],
  )
  world.says.archive = { exitStatus: 2, stdout: TAR, stderr: 'tar: var/www/b: Permission denied' }
  await assert.rejects(backUp(world), hasCode('dump-failed', /Permission denied/))
  assert.deepEqual(await world.repository.list('db1'), [point.id])
})

const NO_TAR = {
  'is refused by sudo': { exitStatus: 1, stdout: '', stderr: 'sudo: a password is required\n' },
  'is refused by the helper': {
    exitStatus: 1,
    stdout: TAR,
    stderr: 'stillshot-guest: none is there (nothing-there)\n',
  },
  'is empty': { exitStatus: 0, stdout: '', stderr: '' },
  'is cut off': { exitStatus: 0, stdout: TAR.slice(0, -1), stderr: '' },
} as const
for (const [how, result] of Object.entries(NO_TAR)) {
  test(`an archive that ${how} is no backup`, async () => {
    const world = makeBackupWorld()
    world.says.archive = result
    await assert.rejects(backUp(world, ['files']), hasCode('dump-failed'))
    await nothingIsLeft(world)
  })
}

test('tables without transactions: crash-only where nobody knows, db-locked where nothing was written', async () => {
  const world = makeBackupWorld()
  const table = { database: 'shop', table: 'visits', engine: 'MyISAM' }
  world.facts.loose = [{ ...table, updated: '2026-11-27 10:00:00' }]
  assert.equal((await backUp(world, ['databases'])).grade, 'db-locked')
  world.facts.loose = [{ ...table, updated: null }]
  const point = await backUp(world, ['databases'])
  assert.deepEqual([point.grade, point.reasons[0]?.code], ['crash-only', 'tables-not-transactional'])
})

test('a guest that does not allow it, and a full repository, are refused and leave nothing', async () => {
  const world = makeBackupWorld()
  world.repository.fault = new StillshotError('storage-full', 'repository nas: no space left')
  await assert.rejects(backUp(world), hasCode('storage-full'))
  world.repository.fault = undefined
  world.repository.lies = { host: 'guest', source: '10.0.0.1:/export' }
  await assert.rejects(backUp(world), hasCode('repository-unusable', /share of the guest itself/))
  await nothingIsLeft(world)
  const without = makeBackupWorld()
  const { backup: _, ...settings } = without.settings
  await assert.rejects(backUp({ ...without, settings }), hasCode('backup-not-allowed'))
})

test('paths that are missing are told with the grade, also those that went away meanwhile', async () => {
  const backup = { files: ['/var/www/html', '/var/upload'], exclude: [], configuration: [] }
  const components = [{ kind: 'dbms', unit: 'auto', stopSeconds: 60, startSeconds: 60 }] as const
  const world = makeBackupWorld({ profile: { name: 'mysql', components, settingsPutBack: false, backup } })
  const [one] = (await backUp(world)).reasons
  assert.match(`${one?.code}: ${one?.message}`, /^path-missing: \/var\/upload is not in the guest/)
  world.facts.files = ['/var/www/html', '/var/upload']
  const archived = Promise.withResolvers<CommandResult>()
  world.says.archive = archived.promise
  const taking = backUp(world)
  await until(() => world.asked.filter((verb) => verb === 'archive').length === 3)
  world.facts.files = ['/var/www/html']
  archived.resolve({ exitStatus: 0, stdout: TAR, stderr: '' })
  assert.deepEqual(
    (await taking).reasons.map(({ code }) => code),
    ['path-gone'],
  )
})

test('a server that is down keeps databases from a backup and a restore, and files from neither', async () => {
  const world = makeBackupWorld()
  const point = await backUp(world)
  world.facts.serverSilent = "Can't connect"
  world.facts.databases = []
  world.facts.variables = {}
  await assert.rejects(backUp(world), hasCode('preflight-refused', /the server did not answer: Can't connect/))
  await assert.rejects(restore(world, { pointId: point.id }), hasCode('preflight-refused', /did not answer/))
  const files = { parts: ['files', 'configuration'] } as const
  const { evidence } = await backUp(world, files.parts)
  assert.equal((evidence as DumpEvidence).manifest.server, null)
  world.says.unpack = { exitStatus: 0, stdout: '', stderr: '' }
  const { beside } = await restore(world, { ...files, pointId: point.id })
  assert.match(String(beside), /restored/)
})

test('a server that does not answer after the dump leaves it unknown whether it is of one moment', async () => {
  const world = makeBackupWorld()
  const told = Promise.withResolvers<CommandResult>()
  world.says.users = told.promise
  const taking = backUp(world, ['databases'])
  await until(() => world.asked.includes('users'))
  world.facts.serverSilent = 'Lost connection'
  told.resolve({ exitStatus: 0, stdout: '-- Users completed\n', stderr: '' })
  const { grade, reasons } = await taking
  assert.deepEqual([grade, reasons[0]?.code], ['crash-only', 'server-silent'])
})

test('a guest that cannot list its packages is backed up without the list, which is told', async () => {
  const world = makeBackupWorld()
  world.facts.packages = false
  const { evidence } = await backUp(world)
  const { manifest, findings } = evidence as DumpEvidence
  assert.deepEqual([manifest.streams.length, world.asked.includes('packages')], [5, false])
  assert.ok(findings.some(({ code }) => code === 'packages-unknown'))
})

test('a path that is a link is refused, not kept as a link', async () => {
  const world = makeBackupWorld()
  world.facts.links = ['/var/www/html']
  await assert.rejects(backUp(world), hasCode('preflight-refused', /\/var\/www\/html is a link/))
  await nothingIsLeft(world)
  world.facts.links = ['/etc/mysql']
  assert.equal((await backUp(world)).grade, 'db-locked')
})

test('a process that dies in the middle leaves a half backup, which recover removes', async () => {
  const world = makeBackupWorld()
  world.says.users = new Promise(() => {})
  const taking = backUp(world)
  taking.catch(() => {})
  await until(() => world.asked.includes('users'))
  const [lock] = await world.catalog.locks()
  await assert.rejects(world.repository.begin({ vm: 'db1', id: lock?.run ?? '' }), hasCode('repository-unusable'))
  const report = await world.recover()
  assert.deepEqual(
    report.settled.map(({ outcome }) => outcome),
    ['recovered'],
  )
  await nothingIsLeft(world)
  world.controller.abort(new Error('the test is over'))
  await assert.rejects(taking)
})

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !condition(); turn += 1) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(condition())
}

test('a restore drops and loads what is wanted, after a dump of what is there', async () => {
  const world = makeBackupWorld()
  const point = await backUp(world)
  const planned = await restore(world, { dryRun: true })
  assert.deepEqual([world.server.loads.length, planned.plan.length], [0, 3])
  const report = await restore(world)
  assert.match(String(world.server.content), /^database=shop\n\n-- MariaDB dump[\s\S]*INSERT INTO t VALUES \(1\);\n/)
  assert.equal(report.point.id, point.id)
  assert.deepEqual(
    (await world.catalog.points()).map(({ note }) => note),
    [`before the restore of ${point.id}`, undefined],
  )
})

test('a dump that is not taken has the safety dump put back', async () => {
  const world = makeBackupWorld()
  const point = await backUp(world)
  const refused = {
    exitStatus: 1,
    stdout: '',
    stderr: "INSERT INTO t VALUES ('secret')\nERROR 1114 (HY000): the table is full",
  }
  world.server.refuse = (way) => (way === 'drop' ? refused : undefined)
  await assert.rejects(restore(world), (error) => {
    hasCode('load-failed', /the table is full; the databases are as they were/)(error)
    assert.doesNotMatch((error as Error).message, /secret/)
    return true
  })
  assert.equal(world.asked.filter((verb) => verb === 'load').length, 2)
  assert.deepEqual(await world.catalog.locks(), [])
  assert.ok((await world.catalog.points()).some(({ id }) => id === point.id))
})

test('nothing is touched when the backup is not what was written, or the server is another', async () => {
  const world = makeBackupWorld()
  const { id } = await backUp(world)
  world.facts.variables = { version: '8.0.36' }
  await assert.rejects(
    restore(world),
    hasCode('preflight-refused', /the dump is of 10.11.19-MariaDB, the server here is 8.0/),
  )
  delete world.facts.variables
  world.repository.spoil({ vm: 'db1', id }, 'databases.sql.gz')
  await assert.rejects(restore(world), hasCode('backup-damaged'))
  assert.deepEqual(world.server.loads, [])
})
