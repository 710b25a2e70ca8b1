import { type Grade, isWorse, type Reason } from './grade.ts'
import type { Claim, Proof } from './proof.ts'

interface Rule {
  /** The best grade that is left when the claim is contradicted. */
  readonly contradicted: Grade
  /** The best grade that is left when the claim is unknown, or no proof of it was given; absent: it is not asked for. */
  readonly unknown?: Grade
}

export type Rules = Readonly<Partial<Record<Claim, Rule>>>

/**
 * What each claim is worth. A snapshot of all disks of the right machine at one point in time is at least what a power cut
 * leaves (`crash-only`); where not even that is certain, it is `suspect`.
 */
const ANY: Rules = {
  'same-machine': { contradicted: 'suspect', unknown: 'suspect' },
  'one-helper': { contradicted: 'suspect', unknown: 'suspect' },
  covered: { contradicted: 'suspect', unknown: 'suspect' },
}

const OF_A_HOLD: Rules = {
  ...ANY,
  'clean-stop': { contradicted: 'crash-only', unknown: 'crash-only' },
  synced: { contradicted: 'crash-only', unknown: 'crash-only' },
  'stood-still': { contradicted: 'crash-only', unknown: 'suspect' },
  'one-server': { contradicted: 'crash-only', unknown: 'suspect' },
  'watchdog-silent': { contradicted: 'crash-only', unknown: 'suspect' },
  'inside-hold': { contradicted: 'crash-only', unknown: 'suspect' },
  'one-boot': { contradicted: 'crash-only', unknown: 'suspect' },
  // A server that had to recover after a stop did not stop cleanly, whatever else was seen.
  'no-crash-recovery': { contradicted: 'crash-only' },
}

/** Where nothing was stopped. */
const OF_A_FREEZE: Rules = { ...ANY, frozen: { contradicted: 'crash-only', unknown: 'crash-only' } }

export interface Graded {
  readonly grade: Grade
  /** Why it is not better, worst first; empty for the best. */
  readonly reasons: readonly Reason[]
}

/**
 * The grade that the proofs carry, never more: every claim must be proven for `db-stopped`, each contradicted or unknown
 * one takes the grade down as its rule says. Pure.
 */
export function gradeEvidence(proofs: readonly Proof[]): Graded {
  return gradeBy(OF_A_HOLD, 'db-stopped', proofs)
}

/** The same where nothing was held: `fs-frozen` at best. Pure. */
export function gradeFreeze(proofs: readonly Proof[]): Graded {
  return gradeBy(OF_A_FREEZE, 'fs-frozen', proofs)
}

/** {@link gradeEvidence} by other rules: `best` is what is left when every claim that they ask for is proven. */
export function gradeBy(rules: Rules, best: Grade, proofs: readonly Proof[]): Graded {
  let grade = best
  const reasons: { reason: Reason; left: Grade }[] = []
  for (const [claim, rule] of Object.entries(rules) as [Claim, Rule][]) {
    const given = proofs.filter((proof) => proof.claim === claim)
    const failing = given.filter(({ verdict }) => verdict !== 'proven')
    if (given.length === 0) failing.push(missing(claim))
    for (const { verdict, code, message } of failing) {
      const left = verdict === 'contradicted' ? rule.contradicted : rule.unknown
      if (left === undefined) continue
      reasons.push({ reason: { code, message }, left })
      if (isWorse(left, grade)) grade = left
    }
  }
  reasons.sort((a, b) => Number(isWorse(b.left, a.left)) - Number(isWorse(a.left, b.left)))
  return { grade, reasons: distinct(reasons.map(({ reason }) => reason)) }
}

/** Several claims may fail for one reason; it is said once. */
function distinct(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()]
}

function missing(claim: Claim): Proof {
  return { claim, verdict: 'unknown', code: `${claim}-not-shown`, message: `there is no evidence for '${claim}'` }
}
