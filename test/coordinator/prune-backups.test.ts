import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { dumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { pruneBackups } from '../../src/coordinator/prune-backups.ts'
import type { PruneOrder } from '../../src/coordinator/prune-vm.ts'
import { takeBackup } from '../../src/coordinator/take-backup.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Part } from '../../src/repository/manifest.ts'
import { makeBackupWorld } from './backup-guest.ts'

const keepLast = (last: number) => [{ name: 'nightly', keep: { last }, timezone: 'UTC' }]

function pruneWorld() {
  const world = makeBackupWorld()
  const { ports, settings, signal, repository, catalog } = world
  return {
    ...world,
    backUp: async (parts: readonly Part[] = ['databases']) => {
      const { id } = await takeBackup(ports, settings, { parts, signal })
      // As in the world outside, no two are of one millisecond.
      await sleep(2)
      return id
    },
    prune: (last: number, more: Partial<PruneOrder> = {}) =>
      pruneBackups(ports, settings, { policies: keepLast(last), dryRun: false, signal, ...more }),
    left: async () => [await repository.list('db1'), (await catalog.points()).map(({ id }) => id).sort()],
    change: async (id: string, facts: Partial<RestorePoint>) => {
      const point = await catalog.point(id)
      if (point !== undefined) await catalog.savePoint({ ...point, ...facts })
    },
  }
}

test('what no policy keeps goes, from repository and catalog, oldest first; nothing without a policy', async () => {
  const { backUp, prune, left, catalog } = pruneWorld()
  const [first, second, third] = [await backUp(), await backUp(), await backUp()]
  assert.equal((await prune(0, { policies: [] })).run, null)
  const planned = await prune(1, { dryRun: true })
  assert.deepEqual(
    planned.points.map(({ fate }) => fate),
    ['goes', 'goes', 'stays'],
  )
  assert.equal((await left())[0]?.length, 3)
  const done = await prune(1)
  assert.deepEqual(
    done.points.map(({ id, removal }) => [id, removal?.outcome]),
    [
      [first, 'removed'],
      [second, 'removed'],
      [third, undefined],
    ],
  )
  assert.deepEqual(await left(), [[third], [third]])
  assert.deepEqual(await catalog.locks(), [])
})

test('the last good one stays whatever the policy says, of each set of parts', async () => {
  const { backUp, prune, left, change } = pruneWorld()
  const good = await backUp()
  const files = await backUp(['files'])
  const bad = await backUp()
  await change(bad, { grade: 'suspect' })
  await prune(0)
  assert.deepEqual((await left())[0], [good, files, bad].sort())
  const better = await backUp()
  await prune(0)
  assert.deepEqual((await left())[0], [files, better].sort())
})

test('the last one that lies with a third machine stays when newer ones lie near', async () => {
  const { backUp, prune, left, repository } = pruneWorld()
  const far = await backUp()
  repository.lies = { host: 'this', source: '/dev/sdb1' }
  const [, near] = [await backUp(), await backUp()]
  await prune(1)
  assert.deepEqual((await left())[0], [far, near])
})

test('nothing goes between a failed backup and the next good one, nor what this coordinator did not sign', async () => {
  const { backUp, prune, left, says, change, catalog } = pruneWorld()
  const claimed = await backUp()
  const evidence = dumpEvidence((await catalog.point(claimed)) as RestorePoint)
  await change(claimed, { evidence: { ...evidence, readBack: { claimed: 'db-locked', verified: false } } })
  const [older, newer] = [await backUp(), await backUp()]
  says.dump = { exitStatus: 3, stdout: '', stderr: 'mariadb-dump: Got error: 2013' }
  await assert.rejects(backUp())
  assert.match(String((await prune(1)).paused?.message), /2013/)
  assert.deepEqual((await left())[0], [claimed, older, newer])
  says.dump = undefined
  const next = await backUp()
  const { left: alone } = await prune(1)
  assert.deepEqual(
    alone.map(({ reason }) => reason.code),
    ['claimed'],
  )
  assert.deepEqual((await left())[0], [claimed, next])
})

test('a backup of a repository that does not answer stays; one that somebody removed is forgotten', async () => {
  const { backUp, prune, repository, catalog } = pruneWorld()
  const [gone, kept] = [await backUp(), await backUp()]
  const list = repository.list.bind(repository)
  repository.list = () => Promise.reject(new StillshotError('repository-unusable', 'away'))
  assert.equal((await prune(0)).run, null)
  repository.list = list
  await repository.remove({ vm: 'db1', id: gone })
  await prune(1)
  assert.deepEqual(
    (await catalog.points()).map(({ id }) => id),
    [kept],
  )
})

test('a repository that is locked keeps the backup; a removal that breaks in the middle is ended by its undo', async () => {
  const { backUp, prune, left, repository } = pruneWorld()
  const [first, second] = [await backUp(), await backUp()]
  const remove = repository.remove.bind(repository)
  repository.remove = () => Promise.reject(new StillshotError('repository-locked', 'PID 7 works there'))
  assert.deepEqual((await prune(1)).points[0]?.removal?.outcome, 'kept')
  assert.deepEqual(await left(), [
    [first, second],
    [first, second],
  ])
  let breaks = true
  repository.remove = async (key) => {
    await remove(key)
    if (breaks) {
      breaks = false
      throw new StillshotError('repository-unusable', 'the share went away')
    }
  }
  await assert.rejects(prune(1), /the share went away/)
  assert.deepEqual(await left(), [[second], [second]])
})

test('a better one that somebody removes meanwhile makes the next one the last of its grade', async () => {
  const { backUp, prune, left, repository } = pruneWorld()
  const [first, second, third] = [await backUp(), await backUp(), await backUp()]
  const remove = repository.remove.bind(repository)
  repository.remove = async (key) => {
    await remove(key)
    if (key.id === first) await remove({ vm: 'db1', id: third })
  }
  await prune(1)
  assert.deepEqual((await left())[0], [second])
})

test('space is given back once, and a failure of that fails nothing', async () => {
  const { backUp, prune, repository } = pruneWorld()
  let tidied = 0
  Object.assign(repository, {
    tidy: async () => {
      tidied += 1
      throw new StillshotError('repository-locked', 'PID 7 works there')
    },
  })
  await backUp()
  await backUp()
  await backUp()
  await prune(1)
  assert.equal(tidied, 1)
})
