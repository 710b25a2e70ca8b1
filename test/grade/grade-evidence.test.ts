import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GRADES, isWorse } from '../../src/grade/grade.ts'
import { gradeEvidence, gradeFreeze } from '../../src/grade/grade-evidence.ts'
import { CLAIMS, type Claim, type Proof } from '../../src/grade/proof.ts'

const AFTERWARDS: readonly Claim[] = ['came-back', 'no-crash-recovery']
/** What is claimed of a dump alone. */
const OF_DUMPS: readonly Claim[] = ['one-moment']
const NEEDED = CLAIMS.filter((claim) => ![...AFTERWARDS, ...OF_DUMPS, 'frozen'].includes(claim))
const NEEDED_OF_A_FREEZE: readonly Claim[] = ['same-machine', 'one-helper', 'covered', 'frozen']

function proof(claim: Claim, verdict: Proof['verdict'] = 'proven'): Proof {
  return { claim, verdict, code: `${claim}-${verdict}`, message: `${claim} is ${verdict}` }
}
const all = NEEDED.map((claim) => proof(claim))

test('every claim proven is db-stopped, without reasons', () => {
  assert.deepEqual(gradeEvidence(all), { grade: 'db-stopped', reasons: [] })
})

test('each single claim contradicted, unknown or missing takes the grade down and is named', () => {
  for (const claim of NEEDED) {
    const others = all.filter((given) => given.claim !== claim)
    for (const failing of [[proof(claim, 'contradicted')], [proof(claim, 'unknown')], []]) {
      const { grade, reasons } = gradeEvidence([...others, ...failing])
      assert.ok(grade === 'crash-only' || grade === 'suspect', `${claim}: ${grade}`)
      assert.equal(reasons.length, 1)
      assert.ok(reasons[0]?.code.startsWith(claim))
    }
  }
})

test('a freeze is fs-frozen at best, whatever else is proven, and less where anything is not', () => {
  assert.deepEqual(gradeFreeze([...all, proof('frozen')]), { grade: 'fs-frozen', reasons: [] })
  const frozen = NEEDED_OF_A_FREEZE.map((claim) => proof(claim))
  assert.deepEqual(gradeFreeze(frozen), { grade: 'fs-frozen', reasons: [] })
  for (const claim of NEEDED_OF_A_FREEZE) {
    const others = frozen.filter((given) => given.claim !== claim)
    for (const failing of [[proof(claim, 'contradicted')], [proof(claim, 'unknown')], []]) {
      const { grade, reasons } = gradeFreeze([...others, ...failing])
      assert.equal(grade, claim === 'frozen' ? 'crash-only' : 'suspect')
      assert.equal(reasons.length, 1)
    }
  }
})

test('another machine, or a disk outside the snapshot, is suspect', () => {
  for (const claim of ['same-machine', 'covered'] as const) {
    const { grade } = gradeEvidence([...all, proof(claim, 'contradicted')])
    assert.equal(grade, 'suspect')
  }
})

test('a proven claim does not outweigh a contradicted one of the same name', () => {
  assert.equal(gradeEvidence([proof('clean-stop', 'contradicted'), ...all]).grade, 'crash-only')
})

test('how it came back does not change the grade of the point', () => {
  assert.equal(gradeEvidence([...all, proof('came-back', 'contradicted')]).grade, 'db-stopped')
})

test('more bad evidence never makes a grade better, and the worst reason comes first', () => {
  const someProof = fc.record({
    claim: fc.constantFrom(...CLAIMS),
    verdict: fc.constantFrom('proven', 'contradicted', 'unknown'),
    code: fc.string(),
    message: fc.string(),
  }) as fc.Arbitrary<Proof>
  fc.assert(
    fc.property(
      fc.array(someProof),
      someProof.filter(({ verdict }) => verdict !== 'proven'),
      (proofs, bad) => {
        const before = gradeEvidence(proofs).grade
        const after = gradeEvidence([...proofs, bad]).grade
        const complete = NEEDED.every((claim) => proofs.some((given) => given.claim === claim))
        if (complete) assert.ok(!isWorse(before, after), `${before} became ${after}`)
        assert.ok(GRADES.includes(after))
      },
    ),
  )
})
