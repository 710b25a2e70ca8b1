import type { RestoreReport } from '../../coordinator/restore-report.ts'
import type { SafetyGap } from '../../coordinator/safety-hold.ts'
import { formatAge, formatMs, indent, line } from '../format.ts'
import { gradeText } from '../point-text.ts'

/** What will be done and lost, for a person to read before it is done. */
export function planText(report: RestoreReport, nowMs: number): string {
  const { vm, point, plan, guest, safety, warnings, newer, consents } = report
  const age = formatAge(nowMs, point.createdAt)
  const lines = [
    line`${vm}: restore point ${point.id}, ${age} old; what was written since is lost`,
    indent(gradeText(point)),
    line`  ${vm} now: ${guest.message}`,
    ...(safety === null
      ? []
      : [line`  safety snapshot ${safety.held ? 'held' : 'as it is, nothing held'}: ${safety.message}`]),
    ...warnings.map(({ message, hint }) => line`  note: ${message} (${hint})`),
    ...(newer.length === 0 ? [] : [line`  newer snapshots, which stay: ${newer.join(', ')}`]),
    ...consents.map(({ message, consent }) => line`  needs --accept ${consent ?? ''}: ${message}`),
    ...plan.map((step, index) => line`  ${index + 1}. ${step}`),
  ]
  return `${lines.join('\n')}\n`
}

/** What came of it, and how to take it back. */
export function reportText(report: RestoreReport, { undo }: { readonly undo: boolean }): string {
  const { vm, point, cameBack, proofs, bootMs, readyMs, totalMs, safetyPoint, safetyGap } = report
  const lines = [line`${vm}: ${cameBack ? 'is back at' : 'was put back, but is NOT proven to be at'} ${point.id}`]
  for (const { verdict, message } of proofs) lines.push(line`  ${verdict}: ${message}`)
  lines.push(`  took ${formatMs(totalMs)}: boot ${formatMs(bootMs)}, ready ${formatMs(readyMs)}`)
  if (safetyPoint !== undefined) {
    lines.push(
      line`  safety point ${safetyPoint.id}: ${safetyPoint.grade}${safetyGap === undefined ? '' : `; ${gapText(safetyGap)}`}`,
    )
  }
  if (safetyPoint !== undefined) lines.push(`  undo with: ${undoCommand(vm, safetyPoint.id, undo)}`)
  return `${lines.join('\n')}\n`
}

function gapText({ ms, held }: SafetyGap): string {
  const when = `the ${formatMs(ms)} between it and the roll back`
  return held ? `the profile stood still for ${when}` : `what was written in ${when} is lost`
}

/** What was undone is not undone by the same words again: those mean the restore. */
export function undoCommand(vm: string, safetyPoint: string, undo: boolean): string {
  return undo ? line`stillshot restore ${vm} --point ${safetyPoint}` : line`stillshot restore ${vm} --undo`
}
