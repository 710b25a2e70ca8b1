import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grade } from '../../src/grade/grade.ts'
import { gradeDump } from '../../src/grade/grade-dump.ts'
import type { Claim, Proof } from '../../src/grade/proof.ts'

function proof(claim: Claim, verdict: Proof['verdict'] = 'proven'): Proof {
  return { claim, verdict, code: `${claim}-${verdict}`, message: `${claim} is ${verdict}` }
}

const ALL = [proof('same-machine'), proof('one-helper'), proof('one-moment')]

test('a dump with everything proven is db-locked, never more', () => {
  assert.deepEqual(gradeDump(ALL), { grade: 'db-locked', reasons: [] })
  assert.equal(gradeDump([...ALL, proof('clean-stop')]).grade, 'db-locked')
})

const LEFT: readonly [Claim, Proof['verdict'] | undefined, Grade][] = [
  ['same-machine', 'contradicted', 'suspect'],
  ['same-machine', undefined, 'suspect'],
  ['one-helper', 'contradicted', 'suspect'],
  ['one-helper', undefined, 'suspect'],
  ['one-moment', 'contradicted', 'suspect'],
  ['one-moment', 'unknown', 'crash-only'],
  ['one-moment', undefined, 'crash-only'],
]
for (const [claim, verdict, left] of LEFT) {
  test(`${claim} ${verdict ?? 'missing'} leaves ${left}`, () => {
    const others = ALL.filter((each) => each.claim !== claim)
    const { grade, reasons } = gradeDump(verdict === undefined ? others : [...others, proof(claim, verdict)])
    assert.deepEqual([grade, reasons.length, reasons[0]?.code.startsWith(claim)], [left, 1, true])
  })
}
