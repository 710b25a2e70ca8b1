import { type Graded, gradeBy, type Rules } from './grade-evidence.ts'
import type { Proof } from './proof.ts'

/**
 * A dump is read from a server that runs, so it is never `db-stopped`. Where every table is as it was at one moment, it is
 * worth what a locked server leaves. Where tables without transactions may have been written meanwhile, it is worth what a
 * power cut leaves: each table by itself, not all of them together. Where they were written, it is `suspect`.
 */
const RULES: Rules = {
  'same-machine': { contradicted: 'suspect', unknown: 'suspect' },
  'one-helper': { contradicted: 'suspect', unknown: 'suspect' },
  'one-moment': { contradicted: 'suspect', unknown: 'crash-only' },
}

/** The grade that the proofs of a dump carry, never more. Pure. */
export function gradeDump(proofs: readonly Proof[]): Graded {
  return gradeBy(RULES, 'db-locked', proofs)
}
