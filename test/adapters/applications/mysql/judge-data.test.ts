import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeData } from '../../../../adapters/applications/mysql/judge-data.ts'
import { RECORDED_SERVERS, readRecordings } from '../../../recordings/read-recordings.ts'
import { seenRecording } from '../seen-recording.ts'

const ALL = RECORDED_SERVERS.flatMap(readRecordings)
const clean = ALL.filter((recording) => recording.clean && recording.server.family === 'mariadb').map(seenRecording)

function withLine(log: { textBase64: string }, line: string): string {
  return Buffer.from(Buffer.from(log.textBase64, 'base64').toString() + line).toString('base64')
}

describe('what a start shows about the data', () => {
  test('no start that was recorded speaks against it', () => {
    for (const { hold, comeBack, name } of ALL.map(seenRecording)) {
      const against = judgeData(hold, comeBack).filter(({ verdict }) => verdict === 'contradicted')
      assert.deepEqual(against, [], name)
    }
  })

  test('a clean stop of MariaDB and the start after it agree where the log ends', () => {
    assert.ok(clean.length > 0)
    for (const { hold, comeBack, name } of clean) {
      assert.ok(
        judgeData(hold, comeBack).some(({ code }) => code === 'end-of-log-equal'),
        `${name}: ${JSON.stringify(judgeData(hold, comeBack))}`,
      )
    }
  })

  test('a log that ends before the stop speaks against it, one without a stop says nothing', () => {
    for (const { hold, comeBack } of clean) {
      const dbms = hold.dbms
      assert.ok(dbms)
      const text = Buffer.from(dbms.log.textBase64, 'base64').toString()
      const later = text.replace(/(Shutdown completed; log sequence number )(\d+)/, '$19$2')
      const log = { ...dbms.log, textBase64: Buffer.from(later).toString('base64') }
      const codes = judgeData({ ...hold, dbms: { ...dbms, log } }, comeBack).map(({ code }) => code)
      assert.ok(codes.includes('end-of-log-before'), codes.join())
      assert.ok(judgeData(undefined, comeBack).some(({ code }) => code === 'end-of-log-unknown'))
    }
  })

  test('a server that systemd started again is told', () => {
    for (const { hold, comeBack } of clean) {
      const dbms = comeBack.dbms
      assert.ok(dbms)
      const codesOf = (NRestarts: string) =>
        judgeData(hold, { ...comeBack, dbms: { ...dbms, unit: { ...dbms.unit, NRestarts } } }).map(({ code }) => code)
      assert.ok(codesOf('1').includes('started-again'))
      assert.equal(codesOf('0').includes('started-again'), false)
    }
  })

  for (const line of [
    "2026-11-27 11:00:00 0 [ERROR] InnoDB: Cannot open datafile for read-only: './shop/old.ibd' OS error: 71",
    '2026-11-27 11:00:00 0 [ERROR] InnoDB: Database page corruption on disk or a failed read of file ./shop/t.ibd',
    "2026-11-27 11:00:00 0 [ERROR] Plugin 'InnoDB' init function returned error.",
    "2026-11-27T11:00:00.000000Z 1 [ERROR] [MY-012216] [InnoDB] Cannot open datafile for read-only: './shop/old.ibd'",
  ]) {
    test(line.slice(20, 90), () => {
      for (const { hold, comeBack } of clean) {
        const dbms = comeBack.dbms
        assert.ok(dbms)
        const log = { ...dbms.log, textBase64: withLine(dbms.log, `${line}\n`) }
        const [said] = judgeData(hold, { ...comeBack, dbms: { ...dbms, log } })
        assert.deepEqual([said?.verdict, said?.code], ['contradicted', 'damage-said'])
      }
    })
  }
})
