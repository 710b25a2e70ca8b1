import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { CameBack } from '../../src/coordinator/await-come-back.ts'
import { type DrillSeen, judgeDrill } from '../../src/coordinator/judge-drill.ts'
import type { DrillAnswer } from '../../src/guest/protocol/answers.ts'

const ID = '01KB0000000000000000000ABC'
const DATA = { mount: '/var/lib/mysql', path: '/var/lib/mysql/.stillshot/marker', written: true }
const SQL = 'select count(*) from shop.orders'

const POINT = {
  ...{ version: 1, id: ID, run: ID, vm: 'db1', vmKey: 'k', hypervisor: 'h', snapshot: `stillshot-${ID}` },
  ...{ createdAt: '2026-11-27T00:00:00Z', kind: 'snapshot', mode: 'stop', grade: 'db-stopped', reasons: [] },
  evidence: { hold: { hold: ID, markers: [DATA] } },
} as const satisfies RestorePoint

const TABLES: NonNullable<DrillAnswer['tables']> = { checked: 3, unchecked: 0, badCount: 0, bad: [], error: null }

interface Copy {
  readonly content?: string | null
  readonly mounts?: readonly string[]
  readonly tables?: Partial<typeof TABLES>
  readonly error?: string | null
  readonly recovered?: boolean
  readonly data?: DrillSeen['data']
}

/** A copy in which everything is good, but for what is said. */
function seen({ content = `${ID} boot`, mounts = [DATA.mount], error = null, ...more }: Copy = {}): DrillSeen {
  const { tables = {}, recovered = false, data = [] } = more
  const markers = mounts.map((mount) => ({ mount, path: '', content: null }))
  const recovery = {
    ...{ claim: 'no-crash-recovery', code: 'log', message: 'as the log says' },
    verdict: recovered ? 'contradicted' : 'proven',
  } as const
  return {
    cameBack: { answer: { markers }, proofs: [recovery], complete: true } as unknown as CameBack,
    data,
    answer: {
      markers: [{ path: DATA.path, content }],
      tables: { ...TABLES, ...tables },
      assertions: [{ rows: error === null ? 1 : 0, first: error === null ? '1' : '', error }],
    } as unknown as DrillAnswer,
  }
}

function judged(copy: Copy = {}, point: RestorePoint = POINT): readonly [string, readonly string[]] {
  const { result, reasons } = judgeDrill(point, [SQL], seen(copy))
  return [result, reasons.map(({ code }) => code)]
}

describe('what a drill showed', () => {
  test('a copy in which everything is good passes', () => {
    assert.deepEqual(judged(), ['passed', []])
  })

  for (const error of [
    'ERROR 1046 (3D000) at line 1: No database selected',
    "ERROR 1142 (42000) at line 1: SELECT command denied to user 'stillshot'@'localhost'",
    "ERROR 1054 (42S22) at line 1: Unknown column 'a'",
    'ERROR 1064 (42000) at line 1: You have an error in your SQL syntax',
    'ERROR 3024 (HY000) at line 1: Query execution was interrupted, maximum statement execution time exceeded',
    'ERROR 1040 (08004): Too many connections',
    'ERROR 1205 (HY000) at line 1: Lock wait timeout exceeded',
    "ERROR 2002 (HY000): Can't connect to local server through socket",
    'ERROR 2013 (HY000) at line 1: Lost connection to server during query',
    'no answer in time',
  ]) {
    test(`an assertion that ends with ${error.slice(0, 20)} says nothing of the data`, () => {
      assert.deepEqual(judged({ error }), ['inconclusive', ['assertion-unanswered']])
    })
  }

  for (const error of [
    "ERROR 1146 (42S02) at line 1: Table 'shop.orders' doesn't exist",
    "ERROR 145 (HY000) at line 1: Table './shop/orders' is marked as crashed and should be repaired",
    "ERROR 126 (HY000) at line 1: Index for table './shop/orders.MYI' is corrupt",
    "ERROR 1932 (42S02) at line 1: Table 'shop.orders' doesn't exist in engine",
    'ERROR 1030 (HY000) at line 1: Got error 127 "Record file is crashed" from storage engine MyISAM',
  ]) {
    test(`an assertion that ends with ${error.slice(0, 20)} speaks against the data`, () => {
      assert.deepEqual(judged({ error }), ['failed', ['assertion-false']])
    })
  }

  test('a marker that is missing speaks against the data only where its file system is mounted', () => {
    assert.deepEqual(judged({ content: null }), ['failed', ['other-marker']])
    assert.deepEqual(judged({ content: null, mounts: ['/'] }), ['inconclusive', ['marker-unseen']])
    assert.deepEqual(judged({ content: 'other', mounts: ['/'] }), ['failed', ['other-marker']])
  })

  test('a marker that is expected where nobody knows is not one that was read', () => {
    assert.deepEqual(judged({}, { ...POINT, evidence: null }), ['inconclusive', ['marker-place-unknown']])
    const frozen: RestorePoint = { ...POINT, mode: 'freeze', evidence: null }
    assert.deepEqual(judged({}, frozen), ['inconclusive', ['marker-place-unknown']])
    assert.deepEqual(judged({}, { ...frozen, grade: 'fs-frozen' }), ['passed', []])
  })

  test('no table at all is nothing that was looked at', () => {
    assert.deepEqual(judged({ tables: { checked: 0 } }), ['inconclusive', ['no-tables']])
    assert.deepEqual(judged({ tables: { checked: 0, unchecked: 4 } }), ['inconclusive', ['no-tables']])
  })

  test('a server that was started again in the copy shows what that did to it, and nothing of the point', () => {
    const data = [{ verdict: 'unknown', code: 'started-again', message: 'once' }] as const
    assert.deepEqual(judged({ recovered: true }), ['failed', ['log']])
    const [result, codes] = judged({ recovered: true, data, tables: { badCount: 1 } })
    assert.deepEqual([result, codes], ['inconclusive', ['log', 'started-again', 'table-damaged']])
    assert.deepEqual(judged({ data }), ['inconclusive', ['started-again']])
  })
})
