import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import { CONSENTS, type Consent, type Finding } from '../finding.ts'

/**
 * Who depends on the server that is put back: by what it says now, and by what it said when the point was made, since a server that is
 * down has nobody connected. One finding for each consent. Pure.
 */
export function neededConsents(now: readonly Finding[], { evidence }: RestorePoint): readonly Finding[] {
  const byConsent = new Map<Consent, Finding>()
  for (const finding of [...now, ...keptFindings(evidence)]) {
    const { consent } = finding
    if (consent !== undefined && !byConsent.has(consent)) byConsent.set(consent, finding)
  }
  return [...byConsent.values()]
}

/** Rejects with `consent-missing` and every one that was not given. */
export function checkConsents(vm: string, needed: readonly Finding[], accepted: readonly string[]): void {
  const missing = needed.filter(({ consent }) => consent !== undefined && !accepted.includes(consent))
  if (missing.length === 0) return
  const message = missing.map((finding) => `${finding.message} (${finding.consent})`).join('; ')
  const options = missing.map(({ consent }) => `--accept ${consent}`).join(' ')
  const others = missing.some(({ consent }) => consent !== 'memory')
  const hint = others
    ? `nothing was changed; a server that is put back is behind those who followed it: ${options}, if they are made anew or left behind`
    : `nothing was changed; ${options}, if it may run on from there`
  throw new StillshotError('consent-missing', `${others ? `others depend on ${vm}: ` : ''}${message}`, {
    hint,
    details: { consents: missing.map(({ consent }) => consent) },
  })
}

function keptFindings(evidence: unknown): readonly Finding[] {
  const findings = (evidence as { findings?: unknown } | null)?.findings
  return Array.isArray(findings) ? findings.filter(hasConsent).map(asItWas) : []
}

function hasConsent(value: unknown): value is Finding {
  if (typeof value !== 'object' || value === null || !('message' in value) || !('consent' in value)) return false
  return (CONSENTS as readonly unknown[]).includes(value.consent)
}

const AS_IT_WAS = 'when the point was made: '

function asItWas(finding: Finding): Finding {
  // A safety point of a guest that was silent has it from the point that was gone back to.
  if (finding.message.startsWith(AS_IT_WAS)) return finding
  return { ...finding, message: `${AS_IT_WAS}${finding.message}` }
}
