import type { Proof } from '../grade/proof.ts'

interface Answer {
  readonly verb: string
  /** None from a helper that is older than this fact, and so none that a probe of ours has seen. */
  readonly sha256?: string
}

/**
 * Claim `one-helper`: the helper that the preflight looked at gave these answers. One that was replaced meanwhile may say
 * anything about the hold of another. It finds what was changed by mistake, not who means harm.
 */
export function proveOneHelper({ sha256 }: { readonly sha256: string }, answers: readonly Answer[]): Proof {
  const claim = 'one-helper'
  const others = answers.filter((answer) => answer.sha256 !== sha256)
  if (others.length === 0) {
    return { claim, verdict: 'proven', code: 'helper-same', message: `all was answered by the helper ${short(sha256)}` }
  }
  const list = others.map((other) => `'${other.verb}' by ${other.sha256 ? short(other.sha256) : 'one without a hash'}`)
  const message = `preflight saw the helper ${short(sha256)}; another answered: ${list.join(', ')}`
  return { claim, verdict: 'contradicted', code: 'other-helper', message }
}

/** Enough to tell two apart, and a guest may say anything of any length. */
function short(sha256: string): string {
  return `sha256 ${sha256.slice(0, 12)}`
}
