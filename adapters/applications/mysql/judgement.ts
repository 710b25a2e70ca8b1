import type { Claim, Proof } from '../../../src/grade/proof.ts'

/** A proof that does not know yet what it is for. */
export type Judgement = Omit<Proof, 'claim'>

/** What the redo log says about the stop; `checkpointLsn` where a checkpoint could be read. */
export interface RedoJudgement extends Judgement {
  readonly checkpointLsn?: bigint
}

export const proven = (code: string, message: string): Judgement => ({ verdict: 'proven', code, message })
export const contradicted = (code: string, message: string): Judgement => ({ verdict: 'contradicted', code, message })
export const unknown = (code: string, message: string): Judgement => ({ verdict: 'unknown', code, message })

export function claimAll(claim: Claim, judgements: readonly Judgement[]): readonly Proof[] {
  return judgements.map((judgement) => ({ claim, ...judgement }))
}
