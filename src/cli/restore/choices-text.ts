import type { VmLock } from '../../catalog/catalog.ts'
import type { RestoreChoices } from '../../coordinator/restore-choices.ts'
import type { Restorable } from '../../coordinator/restore-points.ts'
import { formatAge, formatMs, indent, line } from '../format.ts'
import { drillText, gradeText } from '../point-text.ts'

/** Everything that a person should know of each point before choosing one, newest first. */
export function choicesText({ vm, points, recommended }: RestoreChoices, nowMs: number): string {
  const parts = points.map((each) => pointText(each, nowMs, each.point.id === recommended))
  return [line`${vm} can be put back to ${points.length} restore points, newest first`, ...parts, ''].join('\n')
}

/** One line to choose by. */
export function choiceLabel({ point }: Restorable, nowMs: number, recommended: string | null): string {
  const { id, createdAt, grade, kind } = point
  const what = kind === 'safety' ? `${grade}, before a restore` : grade
  return line`${formatAge(nowMs, createdAt)} old  ${what}  ${id}${id === recommended ? '  (recommended)' : ''}`
}

/** Who has the VM, since when, with what. */
export function underWayText(vm: string, { procedure, run, owner, takenAt }: VmLock): string {
  return line`${procedure} ${run} has ${vm} since ${takenAt} (process ${owner.pid} on ${owner.host})`
}

function pointText({ point, newer }: Restorable, nowMs: number, isRecommended: boolean): string {
  const { id, createdAt, kind, outage, note, drills = [] } = point
  const drill = drills.at(-1)
  const age = formatAge(nowMs, createdAt)
  // What else is known of a point is told here, one line each.
  const facts = [
    line`loses what was written in the last ${age}`,
    ...(newer.length === 0 ? [] : [line`newer snapshots, which stay: ${newer.join(', ')}`]),
    ...(outage === undefined ? [] : [`outage when it was taken: ${formatMs(outage.totalMs)}`]),
    ...(drill === undefined ? [] : [line`last drill, ${formatAge(nowMs, drill.at)} ago: ${drillText(drill)}`]),
    ...(kind === 'safety' ? ['taken before a restore, of the machine that was put back'] : []),
    ...(kind === 'foreign' ? ['somebody else’s snapshot'] : []),
    ...(note === undefined ? [] : [line`note: ${note}`]),
  ]
  const head = line`${isRecommended ? '* ' : '  '}${id}, ${age} old (${createdAt})${isRecommended ? ', recommended' : ''}`
  return [head, indent(gradeText(point), 4), ...facts.map((fact) => `    ${fact}`)].join('\n')
}
