import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgramFailed } from '../../../../adapters/programs/stream-program.ts'
import { placeOfAddress } from '../../../../adapters/repositories/restic/restic-address.ts'
import { resticError, resticReadError } from '../../../../adapters/repositories/restic/restic-errors.ts'
import { readSnapshots } from '../../../../adapters/repositories/restic/restic-snapshots.ts'
import { StillshotError } from '../../../../src/errors.ts'

const NAMED = { name: 'vault', address: 'sftp:nas:/backup' }
const said = (stderr: string) => new ProgramFailed('restic', 1, stderr)
const codeOf = (error: unknown) => (error instanceof StillshotError ? error.code : error)

test('what restic says becomes a code, and a password in it is not shown', () => {
  const words = {
    'unable to create lock in backend: repository is already locked by PID 7 on vm by root': 'repository-locked',
    'Save(<data/1>) returned error: write /b/data/1: no space left on device': 'storage-full',
    'Fatal: wrong password or no key found': 'repository-unusable',
    'Fatal: unable to open config file: dial tcp 10.0.0.1:22: connect: refused': 'repository-unusable',
  }
  for (const [stderr, code] of Object.entries(words)) assert.equal(codeOf(resticError(said(stderr), NAMED)), code)
  const shown = resticError(said('Fatal: Get "https://u:s3cret@nas/config": refused'), NAMED)
  assert.ok(shown instanceof StillshotError && !shown.message.includes('s3cret'))
})

test('damage is told from a storage that does not answer', () => {
  const damaged = said('Fatal: cannot dump file: ciphertext verification failed')
  assert.equal(codeOf(resticReadError(damaged, NAMED, 'x')), 'backup-damaged')
  assert.equal(codeOf(resticReadError(said('dial tcp: i/o timeout'), NAMED, 'x')), 'repository-unusable')
  const gone = said('Fatal: unable to open config file: stat /b/config: no such file or directory')
  assert.equal(codeOf(resticReadError(gone, NAMED, 'x')), 'repository-unusable')
})

test('the place of an address is compared with the guest, and a rented one is elsewhere', async () => {
  const hostOf = async (address: string) => (await placeOfAddress(address, '10.0.0.5')).host
  assert.equal(await hostOf('sftp:backup@10.0.0.5:/srv'), 'guest')
  assert.equal(await hostOf('sftp:10.0.0.9:/srv'), 'other')
  assert.equal(await hostOf('sftp://backup@10.0.0.5:2222//srv'), 'guest')
  assert.equal(await hostOf('rest:https://10.0.0.9:8000/'), 'other')
  assert.equal(await hostOf('s3:https://10.0.0.5:9000/bucket'), 'guest')
  assert.equal(await hostOf('rest:http://localhost:8000/'), 'this')
  assert.equal(await hostOf('b2:bucket:path'), 'other')
  assert.equal(await hostOf('rclone:remote:path'), 'unknown')
  const { source } = await placeOfAddress('rest:https://u:s3cret@10.0.0.9/', '10.0.0.5')
  assert.ok(!source.includes('s3cret'))
})

test("others' snapshots, and answers that are none, are no streams of ours", () => {
  const ours = {
    ...{ id: 'a', hostname: 'db1', time: '2026-11-28T00:00:00Z', paths: ['/x.sql'] },
    tags: ['stillshot', 'backup=01J'],
  }
  const all = [
    ours,
    { ...ours, tags: ['nightly'] },
    { ...ours, tags: null },
    { ...ours, tags: ['stillshot', 'backup=../x'] },
    7,
  ]
  const read = readSnapshots(JSON.stringify(all), 'vault')
  assert.deepEqual(read, [
    {
      ...{ snapshot: 'a', key: { vm: 'db1', id: '01J' }, name: 'x.sql', time: '2026-11-28T00:00:00Z' },
      completes: false,
    },
  ])
  assert.throws(() => readSnapshots('<html>', 'vault'), /did not answer with a list/)
})
