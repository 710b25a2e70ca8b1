import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mysqlApplication } from '../../../../adapters/applications/mysql/mysql-application.ts'
import type { StopFacts } from '../../../../src/guest/protocol/answers.ts'
import { verdictOn } from '../../../conformance/application.ts'
import { holdAnswer, releaseAnswer } from '../../../conformance/application-answers.ts'
import { RECORDED_SERVERS, readRecordings } from '../../../recordings/read-recordings.ts'
import { seenRecording } from '../seen-recording.ts'

const ALL = RECORDED_SERVERS.flatMap(readRecordings)
const application = mysqlApplication()

/** One way in which facts can be damaged on their way; `at` chooses the place. */
type Damage = (facts: StopFacts, at: number) => StopFacts

const flipped = (hex: string, at: number): string => {
  const bytes = Buffer.from(hex, 'hex')
  if (bytes.length > 0) bytes[at % bytes.length]! ^= 1 << (at % 8)
  return bytes.toString('hex')
}
const inRedo = (change: (redo: NonNullable<StopFacts['redo']>, at: number) => object): Damage => {
  return (facts, at) => (facts.redo === null ? facts : { ...facts, redo: { ...facts.redo, ...change(facts.redo, at) } })
}
const inLog =
  (change: (lines: string[], at: number) => string[]): Damage =>
  (facts, at) => {
    const lines = Buffer.from(facts.log.textBase64, 'base64').toString('latin1').split('\n')
    const textBase64 = Buffer.from(change(lines, at).join('\n'), 'latin1').toString('base64')
    return { ...facts, log: { ...facts.log, textBase64 } }
  }

const DAMAGES: readonly Damage[] = [
  inRedo(({ tail }, at) => ({ tail: tail && { ...tail, hex: flipped(tail.hex, at) } })),
  inRedo(({ tail }, at) => ({ tail: tail && { ...tail, hex: tail.hex.slice(0, at % (tail.hex.length + 1)) } })),
  inRedo(({ tail }, at) => ({ tail: tail && { ...tail, offset: tail.offset + at } })),
  inRedo(() => ({ tail: null })),
  inRedo(({ headerHex }, at) => ({ headerHex: flipped(headerHex, at) })),
  inRedo(({ headerHex }, at) => ({ headerHex: headerHex.slice(0, at % (headerHex.length + 1)) })),
  inRedo(({ checkpoints }, at) => ({
    checkpoints: checkpoints.map(({ offset, hex }) => ({ offset, hex: flipped(hex, at) })),
  })),
  inRedo(({ checkpoints }, at) => ({ checkpoints: checkpoints.slice(at % (checkpoints.length + 1)) })),
  inRedo((_redo, at) => ({ sizeBytes: at })),
  inRedo(() => ({ names: [] })),
  (facts) => ({ ...facts, redo: null }),
  (facts, at) => ({ ...facts, files: facts.files.map((file) => ({ ...file, headHex: flipped(file.headHex, at) })) }),
  (facts) => ({ ...facts, files: [] }),
  inLog((lines, at) => lines.filter((_line, index) => index !== at % lines.length)),
  inLog((lines, at) => lines.slice(0, at % (lines.length + 1))),
  inLog((lines, at) => lines.slice(at % (lines.length + 1))),
  inLog((lines) => lines.toReversed()),
  (facts) => ({ ...facts, log: { ...facts.log, textBase64: '%%%' } }),
  (facts) => ({ ...facts, openFiles: null }),
  (facts) => ({ ...facts, pidFileExists: false, socketExists: false, processes: [], openFiles: 0 }),
  (facts) => ({ ...facts, pidBefore: null }),
]

const damage = fc.array(fc.tuple(fc.constantFrom(...DAMAGES), fc.nat({ max: 100_000 })), { minLength: 1, maxLength: 4 })
const mangle = (facts: StopFacts, steps: readonly (readonly [Damage, number])[]) =>
  steps.reduce((damaged, [step, at]) => step(damaged, at), facts)

describe('mangled facts', () => {
  test('never turn an unclean stop into a proven one', () => {
    const unclean = ALL.filter(({ clean }) => !clean)
    const property = fc.property(fc.constantFrom(...unclean), damage, (recording, steps) => {
      const hold = holdAnswer(mangle(recording.stop, steps))
      const proofs = application.proveStop(seenRecording(recording).probe, hold)
      assert.notEqual(verdictOn('clean-stop', proofs), 'proven')
    })
    fc.assert(property, { numRuns: 3_000 })
  })

  test('never throw, whatever is asked', () => {
    const property = fc.property(fc.constantFrom(...ALL), damage, fc.object(), (recording, steps, odd) => {
      const seen = seenRecording(recording)
      const hold = holdAnswer(
        mangle(recording.stop, steps),
        Object.fromEntries(Object.keys(odd).map((key) => [key, key])),
      )
      application.proveStop(seen.probe, hold)
      application.proveStoodStill(hold, releaseAnswer(seen.hold))
      const text = Buffer.from(mangle(recording.stop, steps).log.textBase64)
      const log = { ...recording.startLog, textBase64: text.toString('base64') }
      application.proveComeBack(seen.probe, { ...seen.comeBack, dbms: { ...seen.comeBack.dbms!, log } })
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  test('odd variables, status and replicas neither throw in checkProbe nor in forecast', () => {
    const map = fc.dictionary(
      fc.constantFrom(
        'version',
        'innodb_fast_shutdown',
        'wsrep_on',
        'wsrep_cluster_size',
        'read_only',
        'x',
        'configured_x',
      ),
      fc.oneof(fc.string(), fc.constantFrom('ON', 'OFF', '3', '-1', 'NaN', '')),
    )
    const property = fc.property(map, map, fc.array(map), (variables, status, replicas) => {
      const { probe } = seenRecording(ALL[0]!)
      const odd = { ...probe, dbms: { ...probe.dbms!, variables, status, replicas } }
      application.checkProbe(odd, { longTransactionSeconds: 60, settingsPutBack: false })
      const { stopMs, startMs } = application.forecast(odd)
      assert.ok(Number.isFinite(stopMs + startMs) && stopMs > 0 && startMs > 0)
    })
    fc.assert(property, { numRuns: 500 })
  })
})
