import type { Proof } from '../grade/proof.ts'
import { line } from './format.ts'

const SIGNS: Readonly<Record<Proof['verdict'], string>> = {
  proven: 'proven      ',
  contradicted: 'CONTRADICTED',
  unknown: 'unknown     ',
}

/** The proofs in a point's evidence, one a line; none when the evidence holds no list of them. */
export function proofLines(evidence: unknown): string[] {
  const proofs = (evidence as { proofs?: unknown } | null)?.proofs
  if (!Array.isArray(proofs)) return []
  return proofs.filter(isProof).map(({ claim, verdict, message }) => line`${SIGNS[verdict]}  ${claim}: ${message}`)
}

function isProof(value: unknown): value is Proof {
  if (typeof value !== 'object' || value === null) return false
  return 'claim' in value && 'message' in value && 'verdict' in value && String(value.verdict) in SIGNS
}
