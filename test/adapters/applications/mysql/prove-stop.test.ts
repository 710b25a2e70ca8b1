import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { proveStop } from '../../../../adapters/applications/mysql/prove-stop.ts'
import type { ProbeAnswer, StopFacts } from '../../../../src/guest/protocol/answers.ts'
import { holdAnswer, probeAnswer, STOPPED_UNIT } from '../../../conformance/application-answers.ts'
import { readRecording } from '../../../recordings/read-recordings.ts'

const { stop } = readRecording('mariadb-10.11', 'clean-fast-shutdown-1')
const logOf = (stop: StopFacts) => Buffer.from(stop.log.textBase64, 'base64').toString()
const withLog = (text: string): StopFacts => ({
  ...stop,
  log: { ...stop.log, textBase64: Buffer.from(text).toString('base64') },
})

/** Codes of what is not proven. */
function failing(facts: StopFacts, { unit = STOPPED_UNIT as Record<string, string>, probe = probeAnswer() } = {}) {
  const proofs = proveStop(probe, holdAnswer(facts, unit))
  return proofs.filter(({ verdict }) => verdict !== 'proven').map(({ code, verdict }) => `${code} ${verdict}`)
}

describe('proveStop', () => {
  test('a unit that ended otherwise contradicts, one of which nothing is known is unknown', () => {
    assert.deepEqual(failing(stop, { unit: { ...STOPPED_UNIT, Result: 'signal' } }), ['unit-not-clean contradicted'])
    assert.deepEqual(failing(stop, { unit: { ...STOPPED_UNIT, ExecMainStatus: '1' } }), ['unit-not-clean contradicted'])
    assert.deepEqual(failing(stop, { unit: { ...STOPPED_UNIT, MainPID: '9' } }), ['unit-not-clean contradicted'])
    assert.deepEqual(failing(stop, { unit: {} }), ['unit-unknown unknown'])
  })

  test('under SysV the other facts carry the claim', () => {
    const probe: ProbeAnswer = { ...probeAnswer(), init: 'sysv' }
    assert.deepEqual(failing(stop, { unit: {}, probe }), [])
  })

  test('a version without recordings is unknown and says why, whatever the facts', () => {
    const variables = { version: '10.6.18-MariaDB' }
    const codes = failing(stop, { probe: probeAnswer({ variables }) })
    assert.ok(codes.includes('no-recordings unknown'), codes.join())
    const other = failing(stop, { probe: probeAnswer({ variables: { version: '12.3.1-MariaDB' } }) })
    assert.ok(other.includes('version-unsupported unknown'), other.join())
  })

  test('Percona Server is not called MySQL', () => {
    const variables = { version: '9.7.4-2', version_comment: 'Percona Server (GPL)' }
    assert.ok(failing(stop, { probe: probeAnswer({ variables }) }).includes('version-unsupported unknown'))
  })

  test('a server that could not be asked is known by its redo log', () => {
    assert.deepEqual(failing(stop, { probe: probeAnswer({ variables: {} }) }), [])
  })

  test('the LSN of the log lines must be the end of the redo log', () => {
    const moved = logOf(stop).replace(/log sequence number \d+/, 'log sequence number 5619474')
    assert.deepEqual(failing(withLog(moved)), ['end-lsn-differs contradicted'])
    const without = logOf(stop).replace(/.*log sequence number.*\n/, '')
    assert.deepEqual(failing(withLog(without)), ['end-lsn-missing unknown'])
  })

  test('a server that began or broke around the end contradicts', () => {
    const { startLog } = readRecording('mariadb-10.11', 'killed-after-commits')
    const started = Buffer.from(startLog.textBase64, 'base64').toString()
    assert.deepEqual(failing(withLog(logOf(stop) + started)), ['log-against contradicted'])
    assert.deepEqual(failing(withLog(started + logOf(stop))), ['log-against contradicted'])
    const broke = '2026-01-01 0:00:00 0 [ERROR] mysqld got signal 11 ;\n'
    assert.deepEqual(failing(withLog(broke + logOf(stop))), ['log-against contradicted'])
  })

  test('a log without the last line contradicts, a silent or cut one is unknown', () => {
    const cut = logOf(stop).replace(/.*Shutdown complete\n/, '')
    assert.deepEqual(failing(withLog(cut)), ['no-shutdown-line contradicted'])
    assert.deepEqual(failing(withLog('')), ['log-silent unknown'])
    const truncated = withLog(cut)
    assert.deepEqual(failing({ ...truncated, log: { ...truncated.log, truncated: true } }), ['log-silent unknown'])
  })

  test('a server that did not run before the hold is unknown', () => {
    assert.deepEqual(failing({ ...withLog(''), pidBefore: null }), ['not-running-before unknown'])
  })

  test('innodb_fast_shutdown=2 is contradicted by name', () => {
    const codes = failing(readRecording('mariadb-10.11', 'fast-shutdown-2').stop)
    assert.deepEqual(codes, ['fast-shutdown-2 contradicted', 'redo-not-closed contradicted'])
  })
})
