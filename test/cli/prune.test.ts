import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PruneOrder, PruneReport } from '../../src/coordinator/prune-vm.ts'
import { run, somePoint } from './fake-app.ts'

const CONFIG = `hypervisors: { kvm: { kind: libvirt } }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: kvm, id: db1, ssh: { host: 10.0.0.5 } }
  db2: { hypervisor: kvm, id: db2, ssh: { host: 10.0.0.6 } }
  web: { hypervisor: kvm, id: web, ssh: { host: 10.0.0.7 } }
policies:
  nightly: { select: { name: "db*" }, schedule: "30 2 * * *", timezone: Europe/Paris, keep: { last: 3, within: 72h } }
  db1: { select: { vms: [db1] }, schedule: "0 3 * * 0", keep: { monthly: 2 } }
  hourly: { select: { vms: [web] }, schedule: "0 * * * *" }
`

const { id, snapshot, createdAt, kind, grade } = somePoint()
const point = { id, snapshot, createdAt, kind, grade }

const REPORT: PruneReport = {
  version: 1,
  vm: 'db1',
  run: null,
  dryRun: true,
  policies: ['nightly'],
  paused: null,
  points: [
    {
      ...point,
      id: '01JC0000000000000000000000',
      fate: 'goes',
      reasons: [{ code: 'no-rule', message: 'no rule keeps it' }],
    },
    { ...point, fate: 'stays', reasons: [{ code: 'last', message: 'nightly: of the newest 3' }] },
  ],
  left: [{ snapshot: 'before-upgrade', reason: { code: 'not-ours', message: 'no restore point of this VM' } }],
}

const REMOVED: PruneReport = {
  ...REPORT,
  run: '01JDRUN',
  dryRun: false,
  points: REPORT.points.map((each) => (each.fate === 'goes' ? { ...each, removal: { outcome: 'removed' } } : each)),
}

/** A procedure that keeps its orders: `db1: dry run`, `db1: only …`. */
function pruning(reports: { planned?: PruneReport; done?: PruneReport } = {}) {
  const orders: { vm: string; order: Omit<PruneOrder, 'signal'> }[] = []
  const pruneVm = async (_: unknown, { name }: { name: string }, { signal: _signal, ...order }: PruneOrder) => {
    orders.push({ vm: name, order })
    return { ...(order.dryRun ? (reports.planned ?? REPORT) : (reports.done ?? REMOVED)), vm: name }
  }
  return { orders, options: { config: CONFIG, procedures: { pruneVm } } }
}

test('prune --yes removes what no policy keeps, of every VM that a policy with keep selects', async () => {
  const { orders, options } = pruning()
  const { status, out, opened } = await run(['prune', '--yes'], options)
  assert.deepEqual([status, opened], [0, ['db1', 'db2']])
  const nightly = { name: 'nightly', timezone: 'Europe/Paris', keep: { last: 3, withinMs: 72 * 3_600_000 } }
  const monthly = { name: 'db1', timezone: 'UTC', keep: { monthly: 2 } }
  assert.deepEqual(orders, [
    { vm: 'db1', order: { policies: [nightly, monthly], dryRun: false } },
    { vm: 'db2', order: { policies: [nightly], dryRun: false } },
  ])
  assert.match(out, /^db1: 2 restore points, 1 gone; by nightly$/m)
  assert.match(out, /01JC0+ .* removed +no rule keeps it$/m)
  assert.match(out, /01JDA+ .* stays +nightly: of the newest 3$/m)
  assert.match(out, /left alone: before-upgrade: no restore point of this VM/)
})

test('prune --dry-run shows the plan and opens the catalog to look', async () => {
  const { orders, options } = pruning()
  const { status, out, opened } = await run(['prune', 'db1', '--dry-run'], options)
  assert.deepEqual([status, opened, orders.map(({ order }) => order.dryRun)], [0, ['db1, to look'], [true]])
  assert.match(out, /2 restore points, 1 go; /)
  const document = JSON.parse((await run(['prune', 'db1', '--dry-run', '--json'], options)).out)
  assert.deepEqual([document.command, document.reports, document.failed], ['prune', [REPORT], []])
})

test('prune asks after showing the plan, and only what was shown goes', async () => {
  const { orders, options } = pruning()
  const questions: string[] = []
  const confirm = async (question: string) => {
    questions.push(question)
    return question.includes('db1')
  }
  const { status, err } = await run(['prune'], { ...options, interactive: true, prompts: { confirm } })
  assert.deepEqual(
    orders.map(({ vm, order: { dryRun, only } }) => [vm, dryRun, only]),
    [
      ['db1', true, undefined],
      ['db1', false, ['01JC0000000000000000000000']],
      ['db2', true, undefined],
    ],
  )
  assert.deepEqual(questions, ['Remove what goes of db1?', 'Remove what goes of db2?'])
  assert.match(err, /1 go; by nightly/)
  assert.match(err, /prune of db2 was not confirmed \(cancelled\)\n {2}nothing was changed/)
  assert.equal(status, 130)
})

test('prune does not ask where nothing goes', async () => {
  const planned = { ...REPORT, points: REPORT.points.slice(1) }
  const { options } = pruning({ planned })
  const { status, out } = await run(['prune', 'db1'], { ...options, interactive: true })
  assert.equal(status, 0)
  assert.match(out, /1 restore points, 0 go; /)
})

test('a point that the hypervisor would not remove is told, with the exit status of its error', async () => {
  const why = { code: 'snapshot-has-branches', message: 'two overlays stand on it' }
  const done = {
    ...REMOVED,
    points: REMOVED.points.map((each) =>
      each.removal ? { ...each, removal: { outcome: 'kept', why } as const } : each,
    ),
  }
  const { status, out } = await run(['prune', 'db1', '--yes'], pruning({ done }).options)
  assert.equal(status, 27)
  assert.match(out, /0 gone; .*\n[\s\S]* KEPT +two overlays stand on it \(snapshot-has-branches\); no rule keeps it/)
})

test('a pause after a failed run says which run, and why', async () => {
  const planned = { ...REPORT, paused: { run: '01JDFAILED', message: 'no room is left' } }
  const { out } = await run(['prune', 'db1', '--dry-run'], pruning({ planned }).options)
  assert.match(out, /nothing goes: run 01JDFAILED failed, and no good point has followed: no room is left/)
})

test('a VM that no policy selects keeps everything; a policy that cannot be judged takes nothing', async () => {
  const { orders, options } = pruning()
  await run(['prune', 'web', '--yes'], options)
  assert.deepEqual(orders[0]?.order.policies, [])
  const nobody = await run(['prune', '--yes'], { ...options, config: CONFIG.replaceAll(/, keep: .*}$/gm, ' }') })
  assert.deepEqual([nobody.status, nobody.out], [0, 'no policy with keep selects a VM\n'])
  const tagged = await run(['prune', 'db1', '--yes'], { ...options, config: CONFIG.replace('name: "db*"', 'tag: db') })
  assert.equal(tagged.status, 20)
  assert.match(tagged.err, /^db1: kvm does not answer \(hypervisor-unreachable\)/)
  assert.deepEqual([orders.length, tagged.opened], [1, []])
})

test('what the hypervisor lists decides which policies keep the points of a VM', async () => {
  const { orders, options } = pruning()
  const config = CONFIG.replace('name: "db*"', 'tag: database, pool: production')
  const kvm = [
    { nativeId: 'u1', name: 'db1', tags: ['database'], pool: 'production/db' },
    { nativeId: 'u2', name: 'db2', tags: ['database'], pool: 'productions' },
    { nativeId: 'u3', name: 'web', tags: [] },
  ]
  const { status, opened } = await run(['prune', '--yes'], { ...options, config, listed: { kvm } })
  assert.deepEqual([status, opened], [0, ['db1']])
  assert.deepEqual(
    orders.map(({ vm, order }) => [vm, order.policies.map(({ name }) => name)]),
    [['db1', ['nightly', 'db1']]],
  )
})

test('no points go where the tag of a policy that keeps some may not be seen', async () => {
  const { orders, options } = pruning()
  const config = CONFIG.replace('name: "db*"', 'tag: database')
  const kvm = ['db1', 'db2', 'web'].map((name, at) => ({ nativeId: `u${at + 1}`, name, tags: [], visibleTags: ['x'] }))
  const { status, err } = await run(['prune', '--yes'], { ...options, config, listed: { kvm } })
  assert.deepEqual([status, orders], [21, []])
  assert.match(err, /^db1: policies\.nightly\.select: no tag database is to be seen on kvm/)
})

test('a VM of which it cannot be told is refused by name; the others have their turn', async () => {
  const { orders, options } = pruning()
  const config = CONFIG.replace('name: "db*"', 'name: "*2", tag: db')
  const { status, err } = await run(['prune', '--yes'], { ...options, config })
  assert.equal(status, 20)
  assert.match(err, /^db2: kvm does not answer/)
  assert.deepEqual(
    orders.map(({ vm }) => vm),
    ['db1'],
  )
})

test('names that other people gave to their snapshots cannot forge a line', async () => {
  const reason = { code: 'not-ours', message: 'no restore point of this VM' }
  const planned = { ...REPORT, left: [{ snapshot: 'x\ndb1: 0 restore points, 0 go', reason }] }
  const { out } = await run(['prune', 'db1', '--dry-run'], pruning({ planned }).options)
  assert.match(out, /left alone: x\\x0adb1: 0 restore points/)
})
