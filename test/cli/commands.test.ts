import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { StillshotError } from '../../src/errors.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { HOST_KEY, run, somePoint } from './fake-app.ts'

test('list shows VM, id, age, grade, outage, kind and place, newest first', async () => {
  const older = somePoint({
    id: '01JC0000000000000000000000',
    createdAt: '2027-01-10T08:00:00.000Z',
    grade: 'suspect',
    kind: 'safety',
  })
  const { out } = await run(['list'], { points: [older, somePoint()] })
  const lines = out.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^VM +ID +AGE +GRADE +OUTAGE +DRILL +KIND +WHERE$/)
  assert.match(lines[1] ?? '', /^db1 +01JDA\w+ +1 h +db-stopped +4\.2 s +- +snapshot +on kvm only$/)
  assert.match(lines[2] ?? '', /^db1 +01JC0+ +5 d +suspect .* safety /)
  assert.equal((await run(['list', 'db2'], { points: [older] })).out, 'no restore points\n')
  assert.equal(JSON.parse((await run(['list', '--json'], { points: [older] })).out).points[0].id, older.id)
})

test('list says of a backup that its repository does not hold it any more, and does not count it', async () => {
  const manifest = { vm: 'db1', id: '01JDA', streams: [{ content: 'sql' }], place: { host: 'other', source: 'nas:/b' } }
  const evidence = { repository: 'nas', manifest }
  const points = [somePoint({ kind: 'dump', snapshot: 'nas: /b/db1/01JDA', evidence } as object)]
  const list = async (ids: readonly string[]) => {
    const open = async () => ({ list: async () => ids }) as unknown as Repository
    return run(['list'], { points, repositories: { open } })
  }
  const [there, gone] = [await list(['01JDA']), await list([])]
  assert.match(there.out, /dump +nas: \/b\/db1\/01JDA$/m)
  assert.doesNotMatch(there.err, /FAULT/)
  assert.match(gone.out, /dump +gone from nas: \/b\/db1\/01JDA$/m)
  assert.match(gone.err, /db1: FAULT/)
})

test('show gives proofs, timeline and the command to roll back by hand', async () => {
  const at = '2027-01-15T07:00:00.000Z'
  const owner = { host: 'h', bootId: 'b', pid: 7, startTime: '1' }
  const readJournal = async () => [
    { event: 'run-begun', version: 1, run: 'r', at, procedure: 'take-snapshot', vm: 'db1', owner } as const,
    { event: 'done', at: '2027-01-15T07:00:01.500Z', step: 'hold' } as const,
  ]
  const options = { points: [somePoint()], procedures: { readJournal }, byHand: 'virsh snapshot-revert db1' }
  const { out, status, opened } = await run(['show', '01JDA'], options)
  assert.deepEqual([status, opened], [0, []], 'the hypervisor alone is asked')
  assert.match(out, /proven +synced: sync returned 0/)
  assert.match(out, /\+1\.5 s {2}hold: done/)
  assert.match(out, /virsh snapshot-revert db1/)
  const document = JSON.parse((await run(['show', '01JDA', '--json'], options)).out)
  assert.deepEqual([document.point.id, document.journal.length, document.byHand], [somePoint().id, 2, options.byHand])
})

test('a point of mode freeze says so in list and show, and has no outage', async () => {
  const { outage: _, ...frozen } = somePoint({ mode: 'freeze', grade: 'fs-frozen' })
  const list = await run(['list'], { points: [frozen] })
  assert.match(list.out, /fs-frozen +- +- +snapshot \(freeze\) +on kvm only/)
  const show = await run(['show', '01JDA'], { points: [frozen] })
  assert.match(show.out, /fs-frozen: the file systems were frozen.*\n {2}taken in mode freeze\n/)
})

test('show says how a backup is unpacked, and rolls nothing back to its archive', async () => {
  const snapshot = 'nas:backup/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst'
  const backup = (state: string) =>
    somePoint({ kind: 'backup', vmKey: '["kvm","100","u"]', snapshot, evidence: { proofs: [], backup: { state } } })
  const done = await run(['show', '01JDA'], { points: [backup('done')], byHand: `qm rollback 100 ${snapshot}` })
  assert.match(done.out, new RegExp(`\\n  backup ${snapshot}, made by kvm itself\\n`))
  assert.match(done.out, new RegExp(`\\n  qmrestore ${snapshot} 100 `))
  assert.doesNotMatch(done.out, /rollback|on kvm only/)
  const running = await run(['show', '01JDA'], { points: [backup('running')] })
  assert.match(running.out, /not known: nobody has seen the end of the backup/)
})

test('show works without journal and hypervisor', async () => {
  const { out, status } = await run(['show', '01JDA'], { points: [somePoint({ vm: 'gone' })] })
  assert.equal(status, 0)
  assert.match(out, /timeline: readJournal was not expected/)
  assert.match(out, /not known: VM gone is not under vms:/)
})

test('a restore that is not proven shows what was seen', async () => {
  const proofs = [
    { claim: 'came-back', verdict: 'contradicted', code: 'no-answer', message: 'SELECT 1 was not answered' },
  ]
  const restoreSnapshot = async () => {
    throw new StillshotError('restore-unproven', 'db1 is not proven', { details: { report: { proofs } } })
  }
  const { status, err } = await run(['restore', 'db1', '--yes'], { procedures: { restoreSnapshot } })
  assert.equal(status, 43)
  assert.match(err, /CONTRADICTED +came-back: SELECT 1 was not answered/)
})

test('hold prints the id first, release finds the VM and says what a snapshot is worth', async () => {
  const record = {
    id: '01HOLD',
    run: '01HOLD',
    vm: 'db1',
    vmKey: 'k',
    profile: 'mysql',
    heldAt: '2027-01-15T08:00:00.000Z',
    ttlMs: 120_000,
    state: 'held' as const,
    evidence: null,
  }
  const { out } = await run(['hold', 'db1'], { procedures: { holdVm: async () => record } })
  assert.match(out, /^01HOLD\n/)
  const json = JSON.parse((await run(['hold', 'db1', '--json'], { procedures: { holdVm: async () => record } })).out)
  assert.equal(json.hold.until, '2027-01-15T08:02:00.000Z')
  const report = {
    version: 1 as const,
    hold: '01HOLD',
    vm: 'db1',
    state: 'released' as const,
    grade: 'db-stopped' as const,
    reasons: [],
    proofs: [],
  }
  const released = await run(['release', '01HOLD'], {
    holds: [record],
    procedures: { releaseHold: async () => report },
  })
  assert.deepEqual([released.status, released.opened], [0, ['db1']])
  assert.match(released.out, /hold 01HOLD released\n {2}a snapshot taken in between is db-stopped/)
  const below = { ...report, grade: 'crash-only' as const }
  const bad = await run(['release', '01HOLD'], { holds: [record], procedures: { releaseHold: async () => below } })
  assert.deepEqual([bad.status, bad.out.includes('is crash-only')], [40, true])
  const expired = { ...report, state: 'expired' as const, grade: 'suspect' as const }
  const late = await run(['release', '01HOLD'], { holds: [record], procedures: { releaseHold: async () => expired } })
  assert.equal(late.status, 38)
})

test('recover says what it settled and exits 50 when something is still open', async () => {
  const settled = {
    run: '01R',
    vm: 'db1',
    procedure: 'take-snapshot',
    outcome: 'recovered' as const,
    open: [] as string[],
  }
  const report = { version: 1 as const, settled: [settled], holds: [], locks: [], snapshots: [] }
  const good = await run(['recover'], { procedures: { recoverRuns: async () => report } })
  assert.deepEqual([good.status, good.out], [0, 'db1: run 01R: recovered\n'])
  const open = {
    ...report,
    settled: [{ ...settled, outcome: 'undo-failed' as const, open: ['remove-snapshot: no answer'] }],
  }
  const bad = await run(['recover'], { procedures: { recoverRuns: async () => open } })
  assert.equal(bad.status, 50)
  assert.match(bad.out, /still open: remove-snapshot: no answer/)
  const snapshot = {
    run: '01R',
    vm: 'db1',
    snapshot: 'stillshot-01R',
    outcome: 'failed' as const,
    message: 'by hand: rm',
  }
  const left = await run(['recover'], {
    procedures: { recoverRuns: async () => ({ ...report, snapshots: [snapshot] }) },
  })
  assert.equal(left.status, 50)
  assert.match(left.out, /stillshot-01R: failed, by hand: rm/)
  const none = await run(['recover'], { procedures: { recoverRuns: async () => ({ ...report, settled: [] }) } })
  assert.equal(none.out, 'nothing to settle\n')
})

test('trust records a key only when it was compared, confirmed or told to', async () => {
  const recorded: unknown[] = []
  const trust = async (...given: unknown[]) => void recorded.push(given)
  const unseen = await run(['trust', 'db1'], { knownHosts: { trust } })
  assert.equal(unseen.status, 13)
  assert.match(unseen.err, /10\.0\.0\.5:22\) offers ssh-ed25519 SHA256:abc/)
  const wrong = await run(['trust', 'db1', '--fingerprint', 'SHA256:other'], { knownHosts: { trust } })
  assert.equal(wrong.status, 31)
  const no = await run(['trust', 'db1'], {
    interactive: true,
    prompts: { confirm: async () => false },
    knownHosts: { trust },
  })
  assert.equal(no.status, 130)
  assert.deepEqual(recorded, [])
  assert.equal((await run(['trust', 'db1', '--fingerprint', 'SHA256:abc'], { knownHosts: { trust } })).status, 0)
  assert.deepEqual(recorded, [[{ host: '10.0.0.5', port: 22 }, HOST_KEY, { replace: false }]])
})

test('trust takes the place of another key only with --replace, and a known key changes nothing', async () => {
  const recorded: unknown[] = []
  const trust = async (...given: unknown[]) => void recorded.push(given[2])
  const other = { trust, trusted: async () => [{ ...HOST_KEY, base64: 'BBBB', fingerprint: 'SHA256:old' }] }
  const refused = await run(['trust', 'db1', '--yes'], { knownHosts: other })
  assert.equal(refused.status, 31)
  assert.match(refused.err, /SHA256:abc; trusted is SHA256:old/)
  assert.equal((await run(['trust', 'db1', '--yes', '--replace'], { knownHosts: other })).status, 0)
  assert.deepEqual(recorded, [{ replace: true }])
  const known = await run(['trust', 'db1'], { knownHosts: { trusted: async () => [HOST_KEY] } })
  assert.match(known.out, /is trusted already/)
})

test('guest install hands over user and forced command', async () => {
  const orders: object[] = []
  const installHelper = async (_: unknown, __: unknown, order: object) => {
    orders.push({ ...order, signal: undefined })
    return { version: 1 as const, vm: 'db1', state: 'installed' as const, path: '/p' }
  }
  const { out } = await run(['guest', 'install', 'db1', '--user', 'root', '--forced-command'], {
    procedures: { installHelper },
  })
  assert.deepEqual(orders, [{ signal: undefined, forcedCommand: true, installUser: 'root' }])
  assert.equal(out, 'vm: db1\nstate: installed\npath: /p\n')
})

test('init writes a configuration that is valid, and never overwrites one', async () => {
  const { written, out, status } = await run(['init', '--vm', 'db1', '--host', '10.0.0.5'])
  assert.equal(status, 0)
  const text = written['/home/admin/stillshot.yaml'] ?? ''
  assert.equal(parse(text).vms.db1.ssh.host, '10.0.0.5')
  assert.match(text, /# profile: mysql/)
  assert.match(out, /stillshot trust db1/)
  assert.equal((await run(['config', 'validate'], { config: text })).status, 0)
  const taken = await run(['init', '--vm', 'db1', '--host', 'h', '--config', 'taken.yaml'])
  assert.deepEqual([taken.status, taken.written], [10, {}])
  assert.match(taken.err, /taken\.yaml exists and is not overwritten/)
})

test('init asks for what was not given on a terminal', async () => {
  const asked: string[] = []
  const text = async (message: string, { initial }: { initial?: string } = {}) => {
    asked.push(message)
    return initial ?? 'db7'
  }
  const { written } = await run(['init', '--uri', 'qemu:///session'], { interactive: true, prompts: { text } })
  assert.equal(asked.length, 3)
  assert.equal(parse(Object.values(written)[0] ?? '').vms.db7.ssh.host, 'db7')
})

test('config show has references instead of secrets; config schema is the schema', async () => {
  const shown = JSON.parse((await run(['config', 'show', '--json'])).out)
  assert.equal(shown.settings.vms.db1.hold.ttlMs, 120_000)
  assert.equal(JSON.parse((await run(['config', 'schema'])).out).title, 'stillshot configuration')
  assert.match((await run(['config', 'validate'])).out, /is valid: 1 hypervisors, 3 VMs/)
})
