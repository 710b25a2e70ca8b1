import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { VmLock } from '../../src/catalog/catalog.ts'
import type { RestoreChoices } from '../../src/coordinator/restore-choices.ts'
import type { RestoreOrder } from '../../src/coordinator/restore-order.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { type FakeAppOptions, run, somePoint } from './fake-app.ts'

const DRILL = {
  ...({ run: '01JDDRRRRRRRRRRRRRRRRRRRRR', at: '2027-01-15T07:30:00.000Z', result: 'passed', reasons: [] } as const),
  ...{ bootMs: 40_000, readyMs: 9_000, checkMs: 12_000, totalMs: 70_000, tables: 9 },
}
const OLDER = somePoint({
  id: '01JC0000000000000000000000',
  snapshot: 'stillshot-01JC0000000000000000000000',
  createdAt: '2027-01-10T08:00:00.000Z',
  grade: 'crash-only',
  reasons: [{ code: 'killed', message: 'the server was killed' }],
})

const REPORT: RestoreReport = {
  version: 1,
  vm: 'db1',
  point: somePoint(),
  plan: ['stop the VM', 'put its disks back; by hand: virsh snapshot-revert'],
  guest: { state: 'healthy', message: 'everything of the profile was active' },
  safety: { held: true, message: 'the profile stands still' },
  warnings: [{ severity: 'warn', code: 'c', message: 'the configuration goes back, too: net0', hint: 'set it again' }],
  newer: ['by-hand'],
  removes: [],
  consents: [],
  cameBack: true,
  proofs: [],
  bootMs: 9000,
  readyMs: 1000,
  totalMs: 12_000,
  safetyPoint: somePoint({ id: '01JDCCCCCCCCCCCCCCCCCCCCCC', kind: 'safety' }),
}

const CHOICES: RestoreChoices = {
  version: 1,
  vm: 'db1',
  points: [
    { point: somePoint({ drills: [DRILL] }), newer: ['by-hand'] },
    { point: OLDER, newer: [somePoint().snapshot, 'by-hand'] },
  ],
  recommended: somePoint().id,
  underWay: null,
}

const LOCK: VmLock = {
  ...{ vmKey: 'k', holdId: 'h', run: '01JDRUN', procedure: 'take-snapshot', takenAt: '2027-01-15T07:59:00.000Z' },
  ...{ owner: { host: 'backup1', bootId: 'b', pid: 77, startTime: '1' }, ttlMs: 1 },
}

interface Scene {
  readonly choices?: Partial<RestoreChoices>
  readonly report?: Partial<RestoreReport>
  /** What the person types, in order. */
  readonly typed?: readonly string[]
  readonly confirms?: boolean
}

/** A person on a terminal, and the orders that came of it. */
function scene({ choices, report, typed = ['db1'], confirms = true }: Scene = {}) {
  const orders: Omit<RestoreOrder, 'signal'>[] = []
  const asked: string[] = []
  const left = [...typed]
  const options: FakeAppOptions = {
    interactive: true,
    procedures: {
      restoreChoices: async () => ({ ...CHOICES, ...choices }),
      restoreSnapshot: async (_, __, { signal: _signal, ...order }) => {
        orders.push(order)
        const point = [somePoint(), OLDER].find(({ id }) => id === order.pointId) ?? somePoint()
        return { ...REPORT, point, ...report }
      },
    },
    prompts: {
      confirm: async (message) => {
        asked.push(message)
        return confirms
      },
      text: async (message) => {
        asked.push(message)
        return left.shift() ?? ''
      },
      choose: async (_, offered, initial) => {
        asked.push(...offered.map(({ label }) => label))
        return initial
      },
    },
  }
  return { orders, asked, options }
}

describe('restore on a terminal', () => {
  test('shows each point with age, grade in words, reasons, outage and what would be lost, and recommends one', async () => {
    const { options, asked } = scene()
    const { err, status } = await run(['restore', 'db1'], options)
    assert.equal(status, 0)
    assert.match(err, /^db1 can be put back to 2 restore points, newest first$/m)
    assert.match(err, /^\* 01JDA\w+, 1 h old \(2027-01-15T07:00:00.000Z\), recommended$/m)
    assert.match(err, /^ {4}db-stopped: the database was stopped cleanly/m)
    assert.match(err, /^ {4}loses what was written in the last 1 h$/m)
    assert.match(err, /^ {4}newer snapshots, which stay: by-hand$/m)
    assert.match(err, /^ {4}outage when it was taken: 4\.2 s$/m)
    assert.match(err, /^ {4}last drill, 30 min ago: passed in 1 min 10 s: boot 40\.0 s/m)
    assert.match(err, /^ {2}01JC0+, 5 d old/m)
    assert.match(err, /^ {6}because the server was killed \(killed\)$/m)
    assert.match(asked[0] ?? '', /^1 h old {2}db-stopped {2}01JDA\w+ {2}\(recommended\)$/)
  })

  test('shows the plan, has the name typed once, and does what was shown', async () => {
    const { options, asked, orders } = scene()
    const { err, out } = await run(['restore', 'db1'], options)
    assert.match(err, /1\. stop the VM\n {2}2\. put its disks back; by hand: virsh snapshot-revert/)
    assert.match(err, /note: the configuration goes back, too: net0/)
    assert.match(err, /db1 now: everything of the profile was active/)
    assert.deepEqual(asked.slice(2), ['Type the name of the VM, db1, to put it back to this point'])
    const common = { safetySnapshot: true, accept: [], pointId: somePoint().id, waitMs: 0 }
    assert.deepEqual(orders, [
      { ...common, dryRun: true },
      { ...common, dryRun: false },
    ])
    assert.match(out, /is back at 01JDA/)
    assert.match(out, /undo with: stillshot restore db1 --undo/)
  })

  test('does nothing when another word is typed', async () => {
    for (const word of ['y', 'yes', 'db2', '']) {
      const { options, orders } = scene({ typed: [word] })
      assert.equal((await run(['restore', 'db1'], options)).status, 130)
      assert.deepEqual(
        orders.map(({ dryRun }) => dryRun),
        [true],
      )
    }
  })

  test('asks nothing about the point where it is named, and keeps to the one that was shown', async () => {
    const { options, asked, orders } = scene()
    await run(['restore', 'db1', '--at', '2027-01-15T07:30:00Z'], options)
    assert.equal(asked.length, 1)
    assert.deepEqual(
      orders.map(({ at, pointId }) => [at, pointId]),
      [
        ['2027-01-15T07:30:00Z', undefined],
        [undefined, somePoint().id],
      ],
    )
    const undone = scene()
    const { out } = await run(['restore', 'db1', '--undo'], undone.options)
    assert.deepEqual(
      undone.orders.map(({ undo, pointId }) => [undo, pointId]),
      [
        [true, undefined],
        [true, somePoint().id],
      ],
    )
    assert.match(out, /undo with: stillshot restore db1 --point 01JDC/)
  })

  test('says which run has the VM, and waits when that is wanted', async () => {
    const waits = scene({ choices: { underWay: LOCK } })
    const { err } = await run(['restore', 'db1'], waits.options)
    assert.match(err, /take-snapshot 01JDRUN has db1 since 2027-01-15T07:59:00.000Z \(process 77 on backup1\)/)
    assert.deepEqual(
      waits.orders.map(({ waitMs }) => waitMs),
      [30 * 60_000, 30 * 60_000],
    )
    const goes = scene({ choices: { underWay: LOCK }, confirms: false })
    assert.equal((await run(['restore', 'db1'], goes.options)).status, 51)
    assert.deepEqual(goes.orders, [])
    const said = scene({ choices: { underWay: LOCK } })
    await run(['restore', 'db1', '--wait', '90s'], said.options)
    assert.equal(said.orders.at(-1)?.waitMs, 90_000)
    assert.deepEqual(
      said.asked.filter((question) => question.includes('Wait')),
      [],
    )
  })

  test('has each consent typed by its name', async () => {
    const consents = [
      ...[{ severity: 'warn', code: 'r', message: '2 replicas are connected', hint: 'h', consent: 'replicas' }],
    ] as const
    const given = scene({ report: { consents }, typed: ['replicas', 'db1'] })
    assert.equal((await run(['restore', 'db1'], given.options)).status, 0)
    assert.match(given.asked[2] ?? '', /2 replicas are connected\. Type replicas/)
    assert.deepEqual(given.orders.at(-1)?.accept, ['replicas'])
    const refused = scene({ report: { consents }, typed: ['yes', 'db1'] })
    assert.equal((await run(['restore', 'db1'], refused.options)).status, 130)
    const before = scene({ report: { consents } })
    assert.equal((await run(['restore', 'db1', '--accept', 'replicas'], before.options)).status, 0)
  })

  test('says so where there is nothing to go back to', async () => {
    const { options } = scene({ choices: { points: [], recommended: null } })
    const { status, err } = await run(['restore', 'db1'], options)
    assert.equal(status, 18)
    assert.match(err, /no restore point that the hypervisor still has/)
  })
})

describe('restore where nobody is asked', () => {
  test('--yes does not ask; --dry-run changes nothing; what did not come back exits 43', async () => {
    const { options, orders } = scene({ report: { cameBack: false } })
    const alone = { ...options, interactive: false }
    const dry = await run(['restore', 'db1', '--no-safety-snapshot', '--dry-run'], alone)
    assert.deepEqual([dry.status, dry.opened], [0, ['db1, to look']])
    const { status, out } = await run(['restore', 'db1', '--no-safety-snapshot', '--yes'], alone)
    assert.equal(status, 43)
    assert.match(out, /NOT proven/)
    assert.deepEqual(
      orders.map(({ dryRun, safetySnapshot }) => [dryRun, safetySnapshot]),
      [
        [true, false],
        [false, false],
      ],
    )
  })

  test('--json has the whole report', async () => {
    const { options } = scene()
    const { out } = await run(['restore', 'db1', '--yes', '--json'], options)
    const document = JSON.parse(out)
    assert.deepEqual([document.command, document.newer, document.guest.state], ['restore', ['by-hand'], 'healthy'])
  })

  test('what contradicts itself or is no word of ours is usage', async () => {
    const { options, orders } = scene()
    for (const words of [
      [],
      ['--yes', '--point', '01JD', '--undo'],
      ['--yes', '--at', '2027-01-15T07:30:00Z', '--undo'],
      ['--yes', '--accept', 'everything'],
      ['--yes', '--wait', 'long'],
    ]) {
      assert.equal(
        (await run(['restore', 'db1', ...words], { ...options, interactive: false })).status,
        13,
        words.join(),
      )
    }
    assert.deepEqual(orders, [])
  })
})
