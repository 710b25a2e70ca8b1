import { type Grade, isWorse, type Reason } from '../grade/grade.ts'
import { PERIODS, periodOf } from './calendar.ts'

/** What a policy keeps. A number of 0 keeps none; without any number, every point that counts is kept. */
export interface Keep {
  readonly last?: number
  readonly hourly?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  /** Nothing older is kept, counted back from the newest point that counts: a clock that is wrong takes nothing. */
  readonly withinMs?: number
}

export interface RetentionPolicy {
  /** Name under `policies:`. */
  readonly name: string
  readonly keep: Keep
  readonly timezone: string
}

/** A restore point as retention sees it. */
export interface Candidate {
  readonly id: string
  readonly atMs: number
  readonly grade: Grade
  /** `safety`: taken by a restore, of a machine that ran. */
  readonly kind: 'snapshot' | 'safety'
  /** Its last drill that came to a conclusion passed. */
  readonly passedDrill?: boolean
}

export interface Fate {
  readonly id: string
  readonly stays: boolean
  /** Why: everything that keeps it, or what it lacks. */
  readonly reasons: readonly Reason[]
}

/**
 * What becomes of each point, given oldest first, in the same order. A point stays when any policy keeps it, when nothing newer
 * is as good or has passed a drill, or when it leads back behind a restore; without a policy everything stays. Pure: no clock is asked.
 */
export function decideRetention(points: readonly Candidate[], policies: readonly RetentionPolicy[]): readonly Fate[] {
  if (policies.length === 0) return points.map(({ id }) => ({ id, stays: true, reasons: [NO_POLICY] }))
  const kept = new Map<string, Reason[]>()
  for (const policy of policies) {
    for (const [id, reason] of keptBy(policy, points.filter(counts))) kept.set(id, [...(kept.get(id) ?? []), reason])
  }
  const oldestKept = points.findIndex(({ id }) => kept.has(id))
  return points.map((point, index) => {
    const reasons = [...(kept.get(point.id) ?? [])]
    if (isLastOfItsGrade(point, points)) reasons.push(LAST_OF_ITS_GRADE)
    if (isLastThatPassed(point, points)) reasons.push(LAST_THAT_PASSED)
    if (point.kind === 'safety' && oldestKept >= 0 && index > oldestKept) reasons.push(LEADS_BACK)
    const stays = reasons.length > 0
    return { id: point.id, stays, reasons: stays ? reasons : [counts(point) ? NO_RULE : DOES_NOT_COUNT] }
  })
}

/** True when no newer point is as good: whatever a policy says, this is the last of its worth. `points`: oldest first. */
export function isLastOfItsGrade(point: Known, points: readonly Candidate[]): boolean {
  const newer = points.slice(points.findIndex(({ id }) => id === point.id) + 1).filter(standsFor(point))
  return newer.every(({ grade }) => isWorse(grade, point.grade))
}

/** True when the point passed a drill, and none newer did: it is the one that is known to work. `points`: oldest first. */
export function isLastThatPassed(point: Known, points: readonly Candidate[]): boolean {
  return points.filter(standsFor(point)).findLast(({ passedDrill }) => passedDrill)?.id === point.id
}

type Known = Pick<Candidate, 'id' | 'grade'> & { readonly kind: string }

/** What somebody put back because it was not good is no replacement for a point that was planned, however it is graded. */
function standsFor(point: Pick<Known, 'kind'>): (other: Candidate) => boolean {
  return ({ kind }) => kind === 'snapshot' || point.kind === 'safety'
}

/** Whether a policy counts the point: a power cut's worth, or less, is no restore point that anybody planned for. */
export function counts({ grade, kind }: Pick<Candidate, 'grade' | 'kind'>): boolean {
  return kind === 'snapshot' && COUNTED.has(grade)
}

const COUNTED: ReadonlySet<Grade> = new Set(['db-stopped', 'db-locked', 'fs-frozen'])

const NO_POLICY: Reason = { code: 'no-policy', message: 'no policy with `keep` selects the VM' }
const LAST_OF_ITS_GRADE: Reason = { code: 'last-of-its-grade', message: 'nothing newer is as good' }
const LAST_THAT_PASSED: Reason = { code: 'last-that-passed-a-drill', message: 'nothing newer has passed a drill' }
const LEADS_BACK: Reason = { code: 'leads-back', message: 'leads back behind a restore' }
const NO_RULE: Reason = { code: 'no-rule', message: 'no rule keeps it' }
const DOES_NOT_COUNT: Reason = { code: 'does-not-count', message: 'counts for no rule, and a newer one is as good' }

/** What one policy keeps of the points that count, oldest first. */
function keptBy({ name, keep, timezone }: RetentionPolicy, points: readonly Candidate[]): readonly [string, Reason][] {
  const { last, withinMs = Number.POSITIVE_INFINITY } = keep
  const newestFirst = points.toReversed()
  const newestMs = Math.max(...points.map(({ atMs }) => atMs))
  const young = newestFirst.filter(({ atMs }) => newestMs - atMs <= withinMs)
  const reasonOf = (code: string, message: string): Reason => ({ code, message: `${name}: ${message}` })
  const numbers = [last, ...PERIODS.map((period) => keep[period])]
  if (numbers.every((number) => number === undefined)) {
    return young.map(({ id }) => [id, reasonOf('within', 'young enough')])
  }
  const kept = young
    .slice(0, last ?? 0)
    .map(({ id }): [string, Reason] => [id, reasonOf('last', `of the newest ${last}`)])
  for (const period of PERIODS) {
    const groups = Map.groupBy(young, ({ atMs }) => periodOf(atMs, period, timezone))
    for (const [when, group] of [...groups].slice(0, keep[period] ?? 0)) {
      kept.push([bestOf(group).id, reasonOf(period, `${period}, ${when}`)])
    }
  }
  return kept
}

/** The best grade, then the newest. */
function bestOf(newestFirst: readonly Candidate[]): Candidate {
  return newestFirst.reduce((best, point) => (isWorse(best.grade, point.grade) ? point : best))
}
