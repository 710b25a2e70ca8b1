import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { HalfRestored } from '../guest/protocol/answers.ts'

/** What everybody must know of it, in one line. */
export function halfWords({ run, since, held, databases }: HalfRestored): string {
  const kept = held ? ', and the application stays stopped' : ''
  return `${databases.join(', ') || 'databases'}: half restored since ${since || 'an unknown time'} by run ${run || 'unknown'}${kept}`
}

/** The ways out, in the order in which to try them. */
export function halfHint({ run, databases, replaced }: HalfRestored, vm: string): string {
  if (replaced === true) {
    return (
      `look at the databases that are there now; where they are what you want, \`stillshot-guest whole ${run} mended\` as root in ` +
      'the guest starts the application on them, then `stillshot recover` ends the run'
    )
  }
  const names = databases.map((name) => ` --database ${name}`).join('')
  return (
    `\`stillshot recover\` puts back what was there; \`stillshot restore ${vm} --from backup${names}\`, or a roll back, makes it whole; ` +
    `a person who has mended it types \`stillshot-guest whole ${run} mended\` as root in the guest`
  )
}

/** For whoever would take the databases for whole; none where they are, or the guest does not say. */
export function halfFindings(half: HalfRestored | null | undefined, vm: string): readonly Finding[] {
  if (half === null || half === undefined) return []
  const message = halfWords(half)
  return [{ severity: 'refuse', code: 'half-restored', message, hint: halfHint(half, vm), error: 'half-restored' }]
}

export function halfRestored(vm: string, half: HalfRestored, why?: unknown): StillshotError {
  const message = `${vm}: ${halfWords(half)}`
  if (why === undefined) return new StillshotError('half-restored', message, { hint: halfHint(half, vm) })
  const reason = why instanceof Error ? why.message : String(why)
  return new StillshotError('half-restored', `${message}: ${reason}`, { cause: why, hint: halfHint(half, vm) })
}

/**
 * What a restore that finds databases half restored must do: replace all of them, and no whole one that could not be kept: a
 * dump of what is half is no way back, and may not even be possible.
 */
export function mendingFindings(
  half: HalfRestored | null | undefined,
  {
    vm,
    databases,
    safety,
    there,
  }: { vm: string; databases: readonly string[]; safety: boolean; there: readonly string[] },
): readonly Finding[] {
  if (half === null || half === undefined || databases.length === 0) return []
  if (half.replaced === true && safety) {
    const message = `${halfWords(half)}; others are in their place since, and cannot be dumped before`
    return [{ severity: 'refuse', code: 'half-not-safe', message, hint: halfHint(half, vm) }]
  }
  const missing = half.databases.filter((name) => !databases.includes(name))
  if (missing.length > 0) {
    const message = `${halfWords(half)}; this restore would leave ${missing.join(', ')} as it is`
    const hint = `name all of them, with a backup that holds them; or ${halfHint(half, vm)}`
    return [{ severity: 'refuse', code: 'half-restored', message, hint, error: 'half-restored' }]
  }
  const whole = databases.filter((name) => !half.databases.includes(name) && there.includes(name))
  if (safety && whole.length > 0) {
    const message = `${whole.join(', ')}: whole, and cannot be dumped before, because ${halfWords(half)}`
    const hint = `restore ${half.databases.join(', ')} first; or say with --no-safety-snapshot that the others may be replaced for good`
    return [{ severity: 'refuse', code: 'half-not-safe', message, hint }]
  }
  const message = `${halfWords(half)}: made whole by this restore; nothing of it is dumped before`
  return [{ severity: 'warn', code: 'half-restored', message, hint: 'a restore that fails leaves them half restored' }]
}
