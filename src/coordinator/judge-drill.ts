import type { DrillRecord, RestorePoint } from '../catalog/catalog.ts'
import type { StillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { DataFinding } from '../guest/application.ts'
import type { DrillAnswer, HoldAnswer } from '../guest/protocol/answers.ts'
import type { CameBack } from './await-come-back.ts'
import type { Evidence } from './evidence.ts'

/** What was seen in the copy, as far as it could be seen. */
export interface DrillSeen {
  readonly cameBack?: CameBack
  /** The guest that answered is the copy. */
  readonly machine?: DataFinding
  /** {@link Application.judgeData} */
  readonly data: readonly DataFinding[]
  readonly answer?: DrillAnswer
  /** What ended the look at the copy before its time. */
  readonly error?: StillshotError
}

export interface DrillJudgement {
  readonly result: DrillRecord['result']
  /** What speaks against the data, then what could not be seen, then what was shown. */
  readonly findings: readonly DataFinding[]
  readonly reasons: DrillRecord['reasons']
}

/** Not every server tells these; that they are not known keeps no point from passing. */
const MAY_BE_UNKNOWN: ReadonlySet<string> = new Set(['end-of-log-unknown', 'end-of-log-later', 'start-not-logged'])
/** An assertion that no server could answer says nothing about the data. */
const OWN_MISTAKE = /^ERROR (1064|1149)\b|could not be asked|no answer/

/**
 * Whether the copy shows that the point is good. Only what speaks against the data fails it; a copy that does not boot, or
 * whose web server misses its network, proves nothing. Pure.
 */
export function judgeDrill(point: RestorePoint, assertions: readonly string[], seen: DrillSeen): DrillJudgement {
  const findings = [
    ...(seen.error === undefined ? [] : [notSeen(seen.error.code, seen.error.message)]),
    ...(seen.machine === undefined ? [] : [asUnknown(seen.machine)]),
    ...judgeStart(point, seen.cameBack?.proofs ?? []),
    ...seen.data,
    ...(seen.answer === undefined ? [] : judgeAnswer(point, assertions, seen.answer)),
  ]
  const against = findings.filter(({ verdict }) => verdict === 'contradicted')
  const missing = findings.filter(({ verdict, code }) => verdict === 'unknown' && !MAY_BE_UNKNOWN.has(code))
  const result = against.length > 0 ? 'failed' : missing.length > 0 || !seen.answer ? 'inconclusive' : 'passed'
  const reasons = [...against, ...missing].map(({ code, message }) => ({ code, message }))
  const rest = findings.filter((finding) => ![...against, ...missing].includes(finding))
  return { result, findings: [...against, ...missing, ...rest], reasons }
}

/** The hold before the point in time; undefined for a point that nothing was held for. */
export function holdOf({ evidence }: RestorePoint): HoldAnswer | undefined {
  return (evidence as Partial<Evidence> | null)?.hold
}

/** Where the hold wrote its marker. */
export function markerPaths(point: RestorePoint): readonly string[] {
  return (holdOf(point)?.markers ?? []).flatMap(({ path, written }) => (written && path !== '' ? [path] : []))
}

function judgeStart({ grade }: RestorePoint, proofs: readonly Proof[]): readonly DataFinding[] {
  return proofs.flatMap((proof) => {
    if (proof.claim === 'came-back') return [asUnknown(proof)]
    // Where the grade promises no clean stop, a recovery is what is expected.
    return proof.claim === 'no-crash-recovery' && grade === 'db-stopped' ? [bare(proof)] : []
  })
}

function judgeAnswer(
  point: RestorePoint,
  asked: readonly string[],
  { markers, tables, assertions }: DrillAnswer,
): readonly DataFinding[] {
  return [
    judgeMarkers(point, markers),
    ...judgeTables(tables),
    ...asked.map((sql, at) => judgeRow(sql, assertions[at])),
  ]
}

function judgeMarkers(point: RestorePoint, markers: DrillAnswer['markers']): DataFinding {
  const id = holdOf(point)?.hold
  const paths = markerPaths(point)
  if (id === undefined || paths.length === 0) {
    return { verdict: 'proven', code: 'no-marker-expected', message: 'no hold left a marker for this point' }
  }
  const found = new Map(markers.map(({ path, content }) => [path, content]))
  const wrong = paths.filter((path) => !found.get(path)?.startsWith(id))
  if (wrong.length === 0) return { verdict: 'proven', code: 'marker-read', message: `every marker names ${id}` }
  const said = wrong.map((path) => `${path}: ${found.get(path) ?? 'missing'}`).join(', ')
  return { verdict: 'contradicted', code: 'other-marker', message: `the markers do not name ${id}: ${said}` }
}

/** As many as fit into a reason. */
const NAMED = 5

function judgeTables(tables: DrillAnswer['tables']): readonly DataFinding[] {
  if (tables === null) return [notSeen('tables-unchecked', 'the server could not be asked for its tables')]
  const { checked, unchecked, bad, badCount, error } = tables
  const damaged = bad.slice(0, NAMED).map(({ table, message }) => `${table}: ${message}`)
  const more = badCount > NAMED ? `; and ${badCount - NAMED} more` : ''
  const words = `${checked} tables are good${unchecked > 0 ? `, ${unchecked} cannot be checked` : ''}`
  return [
    ...(badCount > 0 ? [against('table-damaged', `damaged: ${damaged.join('; ')}${more}`)] : []),
    ...(error === null ? [] : [notSeen('tables-unchecked', `not every table was checked: ${error}`)]),
    ...(badCount === 0 && error === null ? [{ verdict: 'proven', code: 'tables-good', message: words } as const] : []),
  ]
}

function judgeRow(sql: string, answer: DrillAnswer['assertions'][number] | undefined): DataFinding {
  if (answer === undefined) return notSeen('assertion-unanswered', `not asked: ${sql}`)
  const { rows, first, error } = answer
  if (error !== null) {
    const message = `${sql}: ${error}`
    return OWN_MISTAKE.test(error) ? notSeen('assertion-unanswered', message) : against('assertion-false', message)
  }
  const value = first.split(' ')[0] ?? ''
  const holds = rows === 1 && !['', '0', 'NULL'].includes(value)
  if (holds) return { verdict: 'proven', code: 'assertion-true', message: `${sql}: ${first}` }
  return against('assertion-false', `${sql}: ${rows === 1 ? first : rows === 0 ? 'no row' : 'more than one row'}`)
}

function against(code: string, message: string): DataFinding {
  return { verdict: 'contradicted', code, message }
}

function notSeen(code: string, message: string): DataFinding {
  return { verdict: 'unknown', code, message }
}

function bare({ verdict, code, message }: DataFinding): DataFinding {
  return { verdict, code, message }
}

/** What is not as it should be says nothing against the data. */
function asUnknown(finding: DataFinding): DataFinding {
  return { ...bare(finding), verdict: finding.verdict === 'proven' ? 'proven' : 'unknown' }
}
