import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binlogFindings } from '../../src/coordinator/judge-binlogs.ts'
import type { BinlogsAnswer } from '../../src/guest/protocol/answers.ts'
import type { Manifest } from '../../src/repository/manifest.ts'

const FROM = { file: 'bin.000001', position: 4, gtid: null }

const codes = (said: Partial<BinlogsAnswer>) => {
  const logs = [{ file: 'bin.000001', sizeBytes: 900 }]
  const end = { file: 'bin.000001', position: 900 }
  const whole = { serverSilent: null, logs, end, gtid: null, only: null, without: null, program: 'x', serverUuid: null }
  return binlogFindings({ server: null } as Manifest, FROM, { ...whole, ...said } as BinlogsAnswer).map(
    ({ code }) => code,
  )
}

test('a log that lacks what some databases changed is refused, whichever they are; the own ones of the server are no loss', () => {
  assert.deepEqual(codes({}), [])
  assert.deepEqual(codes({ without: 'mysql,Performance_Schema' }), [])
  assert.deepEqual(codes({ without: 'mysql,shop' }), ['binlog-filtered'])
  assert.deepEqual(codes({ only: 'shop' }), ['binlog-filtered'])
})
