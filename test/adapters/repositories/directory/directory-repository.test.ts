import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { storageError } from '../../../../adapters/repositories/directory/directory-errors.ts'
import { DirectoryRepository } from '../../../../adapters/repositories/directory/directory-repository.ts'
import { hasCode, KEY, save, testRepository } from '../../../conformance/repository.ts'

let root: string
let count = 0
before(() => {
  root = mkdtempSync(join(tmpdir(), 'stillshot-repository-'))
})
after(() => rmSync(root, { recursive: true }))

function fresh(): { path: string; repository: DirectoryRepository } {
  count += 1
  const path = join(root, String(count))
  mkdirSync(path)
  return { path, repository: new DirectoryRepository({ name: 'nas', path, mount: false, compression: 'gzip' }) }
}

testRepository('directory', async () => fresh().repository)

describe('directory', () => {
  test('what is stored can be checked with sha256sum, and only its owner reads it', async () => {
    const { path, repository } = fresh()
    await save(repository)
    const folder = join(path, KEY.vm, KEY.id)
    assert.equal(repository.whereabouts(KEY), folder)
    assert.match(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder }).toString(), /databases.sql.gz: OK/)
    assert.match(execFileSync('ls', ['-l', folder]).toString(), /^-rw-------.*databases/m)
  })

  test('a folder that is missing is refused and not made', async () => {
    const repository = new DirectoryRepository({
      name: 'nas',
      path: join(root, 'missing'),
      mount: false,
      compression: 'gzip',
    })
    assert.equal((await repository.check())[0]?.severity, 'refuse')
    await assert.rejects(repository.begin(KEY), hasCode('repository-unusable'))
    await assert.rejects(repository.list('db1'), hasCode('repository-unusable'))
    assert.equal(readdirSync(root).includes('missing'), false)
  })

  test('a note beside the backups keeps none of them from being listed', async () => {
    const { path, repository } = fresh()
    await save(repository)
    writeFileSync(join(path, KEY.vm, 'README'), 'do not touch')
    assert.deepEqual(await repository.list(KEY.vm), [KEY.id])
  })

  test('a folder on which nothing is mounted is refused where a mount is asked for', async () => {
    const repository = new DirectoryRepository({ name: 'nas', path: '/etc', mount: true, compression: 'gzip' })
    const [finding] = await repository.check()
    assert.deepEqual([finding?.severity, finding?.message], ['refuse', 'nothing is mounted at /etc'])
    await assert.rejects(repository.begin(KEY), hasCode('repository-unusable'))
    const mounted = new DirectoryRepository({ name: 'nas', path: '/proc', mount: true, compression: 'gzip' })
    assert.doesNotMatch((await mounted.check())[0]?.message ?? '', /nothing is mounted/)
  })

  test('a full disk, and a quota that is used up, are storage-full; the rest is repository-unusable', () => {
    const said = (code: string) => storageError('nas', Object.assign(new Error(`${code}: said`), { code })).code
    assert.deepEqual(['ENOSPC', 'EDQUOT', 'EIO', 'ESTALE'].map(said), [
      ...['storage-full', 'storage-full'],
      ...['repository-unusable', 'repository-unusable'],
    ])
  })

  test('a manifest that is cut short is backup-damaged', async () => {
    const { path, repository } = fresh()
    await save(repository)
    truncateSync(join(path, KEY.vm, KEY.id, 'manifest.json'), 40)
    await assert.rejects(repository.manifest(KEY), hasCode('backup-damaged'))
  })

  test('a manifest that names a file outside is backup-damaged, a later one version-newer', async () => {
    const { path, repository } = fresh()
    await save(repository)
    const file = join(path, KEY.vm, KEY.id, 'manifest.json')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('"databases.sql.gz"', '"../../../etc/shadow"'))
    await assert.rejects(repository.manifest(KEY), hasCode('backup-damaged'))
    writeFileSync(file, text.replace('"version": 1', '"version": 2'))
    await assert.rejects(repository.manifest(KEY), hasCode('version-newer'))
  })

  test('what a removal left half is not listed and goes with the next', async () => {
    const { path, repository } = fresh()
    await save(repository)
    execFileSync('mv', [join(path, KEY.vm, KEY.id), join(path, KEY.vm, `.removed-${KEY.id}`)])
    assert.deepEqual(await repository.list(KEY.vm), [])
    await repository.remove(KEY)
    assert.deepEqual(readdirSync(join(path, KEY.vm)), [])
  })
})
