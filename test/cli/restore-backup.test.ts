import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupRestoreReport } from '../../src/coordinator/restore-backup.ts'
import { type FakeAppOptions, run, somePoint } from './fake-app.ts'

const REPORT: BackupRestoreReport = { version: 1, vm: 'db1', point: somePoint(), plan: ['drop a'], findings: [] }

const reporting = (report: Partial<BackupRestoreReport> = {}): FakeAppOptions => ({
  procedures: {
    restoreBackup: async () => ({ ...REPORT, ...report }),
    restoreSnapshot: async () => assert.fail('a VM is rolled back'),
  },
})

for (const options of [['--database', 'a'], ['--only', 'files'], ['--path', '/srv'], ['--users']]) {
  test(`${options[0]} without --from backup rolls back no VM`, async () => {
    const { status, err } = await run(['restore', 'db1', ...options, '--yes'], reporting())
    assert.equal(status, 13)
    assert.match(err, new RegExp(`${options[0]} needs --from backup`))
  })
}

const OF_SNAPSHOTS = [...[['--undo'], ['--wait'], ['--accept', 'replicas'], ['--remove-newer', 'x']]]
for (const options of OF_SNAPSHOTS) {
  test(`${options[0]} with --from backup restores nothing`, async () => {
    const restoreBackup = async () => assert.fail('a backup is restored')
    const words = ['restore', 'db1', '--from', 'backup', ...options, '--yes']
    const { status, err } = await run(words, { procedures: { restoreBackup } })
    assert.equal(status, 13)
    assert.match(err, new RegExp(`${options[0]} does not go with --from backup`))
  })
}

test('--at and --into reach the restore of a backup; --into rolls back no VM', async () => {
  const asked: unknown[] = []
  const restoreBackup = async (_ports: unknown, { name }: { name: string }, order: object) => {
    asked.push({ name, ...order })
    return REPORT
  }
  const at = '2026-11-27T02:30:00Z'
  await run(['restore', 'db1', '--from', 'backup', '--at', at, '--yes'], { procedures: { restoreBackup } })
  const [order] = asked as { name: string; at: string; of: string }[]
  assert.deepEqual([order?.name, order?.at, order?.of], ['db1', at, 'db1'])
  const { status, err } = await run(['restore', 'db1', '--into', 'db2', '--yes'], reporting())
  assert.equal(status, 13)
  assert.match(err, /--into needs --from backup/)
})

test('a dry run that would be refused says so with its exit status', async () => {
  const words = ['restore', 'db1', '--from', 'backup', '--dry-run']
  assert.equal((await run(words, reporting())).status, 0)
  const finding = { severity: 'refuse', code: 'other-server', message: 'm', hint: 'h' } as const
  const { status, out } = await run(words, reporting({ findings: [finding] }))
  assert.equal(status, 41)
  assert.match(out, /refuse: m/)
})

test('the command that undoes it is printed as the coordinator says it', async () => {
  const undoWith = 'stillshot restore db1 --from backup --point X --database a --users'
  const { out } = await run(['restore', 'db1', '--from', 'backup', '--yes'], reporting({ undoWith }))
  assert.match(out, new RegExp(`undo with: ${undoWith}\n`))
})
