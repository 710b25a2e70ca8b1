import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { proveComeBack } from '../../../../adapters/applications/mysql/prove-come-back.ts'
import type { ComeBackAnswer, ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { comeBackAnswer, probeAnswer } from '../../../conformance/application-answers.ts'
import { readRecording } from '../../../recordings/read-recordings.ts'

const { startLog } = readRecording('mariadb-10.11', 'clean-fast-shutdown-1')
const failing = (before: ProbeAnswer | undefined, comeBack: ComeBackAnswer) =>
  proveComeBack(before, comeBack)
    .filter(({ verdict }) => verdict !== 'proven')
    .map(({ claim, code, verdict }) => `${claim} ${code} ${verdict}`)
const variables = { version: '10.11.19-MariaDB', read_only: 'ON', event_scheduler: 'ON' }
const channel = (io: string, sql: string) => ({ Connection_name: 'east', Slave_IO_Running: io, Slave_SQL_Running: sql })

describe('proveComeBack', () => {
  test('run-time settings are compared by meaning', () => {
    const before = probeAnswer({ variables })
    const again = comeBackAnswer(startLog, { variables: { ...variables, read_only: '1' } })
    assert.deepEqual(failing(before, again), [])
    const lost = comeBackAnswer(startLog, { variables: { ...variables, read_only: 'OFF' } })
    assert.deepEqual(failing(before, lost), ['came-back setting-differs contradicted'])
    const { event_scheduler: _, ...less } = variables
    assert.deepEqual(failing(before, comeBackAnswer(startLog, { variables: less })), [
      'came-back setting-unknown unknown',
    ])
  })

  test('replication threads must be as they were, channel by channel', () => {
    const before = probeAnswer({ replicas: [channel('Yes', 'Yes')] })
    assert.deepEqual(failing(before, comeBackAnswer(startLog, { replicas: [channel('Yes', 'Yes')] })), [])
    for (const replicas of [[channel('Connecting', 'Yes')], [channel('Yes', 'No')], []]) {
      const codes = failing(before, comeBackAnswer(startLog, { replicas }))
      assert.deepEqual(codes, ['came-back replication-differs contradicted'])
    }
  })

  test('what was inactive before may stay so, what was active because of the server must be back', () => {
    const seen = probeAnswer()
    const [component] = seen.components
    const related = [
      { unit: 'app.service', active: true },
      { unit: 'idle.socket', active: false },
    ]
    const before = { ...seen, components: [{ ...component!, dependents: related }] }
    const answer = comeBackAnswer(startLog)
    const back = { ...answer, components: [{ ...answer.components[0]!, related }] }
    assert.deepEqual(failing(before, back), [])
    assert.deepEqual(failing(before, answer), ['came-back component-unknown unknown'])
    const down = { ...answer.components[0]!, related: [{ unit: 'app.service', active: false }] }
    assert.deepEqual(failing(before, { ...answer, components: [down] }), ['came-back component-down contradicted'])
  })

  test('a MyISAM table that is marked as crashed is recovery', () => {
    const text = Buffer.from(startLog.textBase64, 'base64').toString()
    const line = "2026-01-01 0:00:00 9 [ERROR] mariadbd: Table './lab/m' is marked as crashed and should be repaired\n"
    const log = { ...startLog, textBase64: Buffer.from(text + line).toString('base64') }
    assert.deepEqual(failing(probeAnswer(), comeBackAnswer(log)), ['no-crash-recovery recovered contradicted'])
  })

  test('a log that is cut, or does not tell of the start, does not prove the absence of recovery', () => {
    const cut = { ...startLog, truncated: true }
    assert.deepEqual(failing(undefined, comeBackAnswer(cut)), ['no-crash-recovery start-not-logged unknown'])
    const text = Buffer.concat([Buffer.from(startLog.textBase64, 'base64'), Buffer.alloc(65_536, ' ')])
    const full = { ...startLog, textBase64: text.toString('base64') }
    assert.deepEqual(failing(undefined, comeBackAnswer(full)), ['no-crash-recovery start-not-logged unknown'])
    const quiet = { ...startLog, textBase64: Buffer.from('ready for connections\n').toString('base64') }
    assert.deepEqual(failing(undefined, comeBackAnswer(quiet)), ['no-crash-recovery start-not-logged unknown'])
  })
})
