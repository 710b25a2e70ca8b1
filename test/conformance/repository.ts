import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { type ErrorCode, StillshotError } from '../../src/errors.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { Repository } from '../../src/repository/repository.ts'

/** What every adapter of the port Repository keeps. `open` gives one that is empty, anew for every test. */
export function testRepository(name: string, open: () => Promise<Repository>): void {
  describe(`repository: ${name}`, () => {
    test('check() of one that can be used refuses nothing', async () => {
      const findings = await (await open()).check()
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'refuse'),
        [],
      )
    })

    test('a backup is listed once it is whole, and reads as it was written', async () => {
      const repository = await open()
      const writer = await repository.begin(KEY)
      const stored = await writer.write('databases.sql.gz', Readable.from([Buffer.from('one'), BYTES]))
      const all = Buffer.concat([Buffer.from('one'), BYTES])
      assert.deepEqual(stored, { sizeBytes: all.length, sha256: sumOf(all) })
      assert.deepEqual(await repository.list('db1'), [])
      const manifest = someManifest(stored)
      await writer.finish(manifest)
      assert.deepEqual(await repository.list('db1'), [KEY.id])
      assert.deepEqual(await repository.manifest(KEY), manifest)
      assert.deepEqual(await content(repository, 'databases.sql.gz'), all)
    })

    test('a half one is never listed, has no manifest, and can be removed', async () => {
      const repository = await open()
      const writer = await repository.begin(KEY)
      await writer.write('databases.sql.gz', Readable.from([BYTES]))
      assert.deepEqual(await repository.list('db1'), [])
      await assert.rejects(repository.manifest(KEY), hasCode('backup-not-found'))
      await assert.rejects(content(repository, 'databases.sql.gz'), hasCode('backup-not-found'))
      await repository.remove(KEY)
      await repository.remove(KEY)
      await save(repository)
      assert.deepEqual(await repository.list('db1'), [KEY.id])
    })

    test('a stream that breaks in the middle rejects with its own reason, and nothing is listed', async () => {
      const repository = await open()
      const writer = await repository.begin(KEY)
      const reason = new Error('the dump failed')
      async function* breaks() {
        yield BYTES
        throw reason
      }
      await assert.rejects(writer.write('databases.sql.gz', breaks()), reason)
      assert.deepEqual(await repository.list('db1'), [])
    })

    test('the same id is not written twice', async () => {
      const repository = await open()
      await save(repository)
      await assert.rejects(repository.begin(KEY), hasCode('repository-unusable'))
      assert.deepEqual(await content(repository, 'databases.sql.gz'), BYTES)
    })

    test('remove() of one harms no other', async () => {
      const repository = await open()
      await save(repository)
      await save(repository, OTHER)
      assert.deepEqual(await repository.list('db1'), [KEY.id, OTHER.id])
      await repository.remove(KEY)
      assert.deepEqual(await repository.list('db1'), [OTHER.id])
      assert.deepEqual(await content(repository, 'databases.sql.gz', OTHER), BYTES)
      await assert.rejects(repository.manifest(KEY), hasCode('backup-not-found'))
    })

    test('what is not there: an empty list, and backup-not-found', async () => {
      const repository = await open()
      assert.deepEqual(await repository.list('db2'), [])
      await assert.rejects(repository.manifest(KEY), hasCode('backup-not-found'))
      await repository.remove(KEY)
    })

    test('a stream that a whole backup lacks is backup-damaged', async () => {
      const repository = await open()
      await save(repository)
      await assert.rejects(content(repository, 'files.tar.gz'), hasCode('backup-damaged'))
    })
  })
}

export const KEY = { vm: 'db1', id: '01JDAAAAAAAAAAAAAAAAAAAAAA' }
const OTHER = { vm: 'db1', id: '01JDBBBBBBBBBBBBBBBBBBBBBB' }
const BYTES = Buffer.from('INSERT INTO t VALUES (1);\n'.repeat(50_000))

export async function save(repository: Repository, key = KEY): Promise<void> {
  const writer = await repository.begin(key)
  const stored = await writer.write('databases.sql.gz', Readable.from([BYTES]))
  await writer.finish({ ...someManifest(stored), id: key.id })
}

async function content(repository: Repository, stream: string, key = KEY): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of await repository.read(key, stream)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StillshotError && error.code === code
}

function someManifest({ sizeBytes, sha256 }: { sizeBytes: number; sha256: string }): Manifest {
  return {
    ...{ version: 1, kind: 'stillshot-backup', id: KEY.id, vm: KEY.vm, vmKey: '["kvm","1","u"]', hypervisor: 'kvm' },
    ...{ createdAt: '2026-11-22T21:00:00.000Z', endedAt: '2026-11-22T21:00:09.000Z', grade: 'db-locked', reasons: [] },
    server: null,
    streams: [
      {
        ...{ name: 'databases.sql.gz', part: 'databases', content: 'sql', compression: 'gzip', sizeBytes, sha256 },
        ...{ contentBytes: 7, paths: [], changedWhileRead: [] },
      },
    ],
    restore: ['gunzip < databases.sql.gz | mysql'],
  }
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
