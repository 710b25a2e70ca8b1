import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApplication } from '../../../../adapters/applications/fake/fake-application.ts'
import { verdictOn } from '../../../conformance/application.ts'
import { readRecording } from '../../../recordings/read-recordings.ts'
import { seenRecording } from '../seen-recording.ts'

const { probe, hold } = seenRecording(readRecording('mariadb-10.11', 'clean-fast-shutdown-1'))

test('the fake says what the test wants, and changes its mind when told', () => {
  const application = new FakeApplication({ verdicts: { 'clean-stop': 'contradicted' } })
  assert.equal(verdictOn('clean-stop', application.proveStop(probe, hold)), 'contradicted')
  application.opinion = {}
  assert.equal(verdictOn('clean-stop', application.proveStop(probe, hold)), 'proven')
})

test('the fake forecasts and finds what the test wants', () => {
  const finding = { severity: 'refuse', code: 'x', message: 'no', hint: 'yes' } as const
  const application = new FakeApplication({ findings: [finding], forecast: { stopMs: 7, startMs: 8 } })
  assert.deepEqual(application.checkProbe(probe), [finding])
  assert.deepEqual(application.forecast(probe), { stopMs: 7, startMs: 8 })
})
