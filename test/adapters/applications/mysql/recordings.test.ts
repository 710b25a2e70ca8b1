import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readLines } from '../../../../adapters/applications/mysql/log-lines.ts'
import { proveComeBack } from '../../../../adapters/applications/mysql/prove-come-back.ts'
import { judgeRedo } from '../../../../adapters/applications/mysql/redo-log.ts'
import { findVersion } from '../../../../adapters/applications/mysql/versions.ts'
import { verdictOn } from '../../../conformance/application.ts'
import { RECORDED_SERVERS, readRecordings } from '../../../recordings/read-recordings.ts'
import type { Recording } from '../../../recordings/scenarios.ts'
import { seenRecording } from '../seen-recording.ts'

const ALL = RECORDED_SERVERS.flatMap(readRecordings)
const name = ({ server, scenario }: Recording) => `${server.family} ${server.version}, ${scenario}`

function redoOf({ server, stop }: Recording) {
  const known = findVersion(server.version)?.known
  assert.ok(known)
  return { known, judgement: judgeRedo(known.redo, stop.redo, stop.files) }
}

function numberIn(recording: Recording, log: 'stop' | 'start', pattern: RegExp): bigint | undefined {
  const lines = readLines(log === 'stop' ? recording.stop.log : recording.startLog)
  const digits = lines.map((line) => pattern.exec(line)?.[1]).findLast((found) => found !== undefined)
  return digits === undefined ? undefined : BigInt(digits)
}

describe('recordings: redo', () => {
  for (const recording of ALL.filter(({ clean }) => clean)) {
    test(`${name(recording)}: closed, at the LSN of the log lines`, () => {
      const { known, judgement } = redoOf(recording)
      assert.equal(judgement.code, 'redo-closed', judgement.message)
      const end = judgement.checkpointLsn! + known.redo.endAfterCheckpoint
      const said = numberIn(recording, 'stop', /Shutdown completed; log sequence number (\d+)/)
      if (known.lines.alwaysSaysEndLsn) assert.equal(said, end)
      else assert.ok(said === undefined || said === end)
      const found = numberIn(recording, 'start', /(?:End of log at LSN=|checkpoint is at lsn = )(\d+)/)
      assert.ok(found === undefined || found === end)
    })
  }

  for (const recording of ALL.filter(({ clean, scenario }) => !clean && scenario !== 'killed-idle')) {
    test(`${name(recording)}: not closed`, () => {
      const { judgement } = redoOf(recording)
      assert.notEqual(judgement.verdict, 'proven', judgement.message)
    })
  }

  test('the redo of a killed idle server may be closed: it alone proves nothing', () => {
    const idle = ALL.filter(({ scenario }) => scenario === 'killed-idle')
    assert.ok(idle.some((recording) => redoOf(recording).judgement.verdict === 'proven'))
  })

  test('all servers of the table were recorded with every scenario that matters', () => {
    for (const server of RECORDED_SERVERS) {
      const scenarios = readRecordings(server).map(({ scenario }) => scenario)
      for (const wanted of [
        'clean-fast-shutdown-0',
        'clean-fast-shutdown-1',
        'fast-shutdown-2',
        'killed-after-commits',
      ]) {
        assert.ok(scenarios.includes(wanted), `${server} lacks ${wanted}`)
      }
    }
  })
})

describe('recordings: the start after it', () => {
  for (const recording of ALL) {
    // MySQL tells of InnoDB's recovery only with log_error_verbosity=3.
    const silent = recording.server.family === 'mysql' && recording.variables.log_error_verbosity !== '3'
    const wanted = recording.recovered ? 'contradicted' : 'proven'
    test(`${name(recording)}: recovery ${silent ? 'is not called absent' : `is ${recording.recovered ? 'seen' : 'absent'}`}`, () => {
      const { probe, comeBack } = seenRecording(recording)
      const verdict = verdictOn('no-crash-recovery', proveComeBack(probe, comeBack))
      // Then only the binary log's own recovery shows, which a server needs that did not close it.
      const told = !silent || (recording.recovered && !recording.scenario.startsWith('fast-shutdown'))
      assert.equal(verdict, told ? wanted : 'unknown')
    })
  }
})
