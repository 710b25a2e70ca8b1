import type { DrillRecord, RestorePoint } from '../catalog/catalog.ts'
import type { StillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import { type DataFinding, STARTED_AGAIN } from '../guest/application.ts'
import type { DrillAnswer, HoldAnswer } from '../guest/protocol/answers.ts'
import type { CameBack } from './await-come-back.ts'
import type { Evidence } from './evidence.ts'
import { expectedMarker } from './expected-marker.ts'

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
/**
 * What the server answers where something of its data is missing or damaged: no such database or table, a table or index
 * that is crashed or corrupt, a tablespace that is not there; and the storage engines' own numbers for it. Any other
 * error says something about the question, the account or the copy.
 */
const OF_DATA =
  /^ERROR (1049|1146|1194|1195|1712|1812|1877|1932|126|127|134|141|144|145)\b|\bGot error (126|127|134|141|144|145)\b/

/**
 * Whether the copy shows that the point is good. Only what speaks against the data fails it; a copy that does not boot, or
 * whose web server misses its network, proves nothing. Pure.
 */
export function judgeDrill(point: RestorePoint, assertions: readonly string[], seen: DrillSeen): DrillJudgement {
  const findings = [
    ...(seen.error === undefined ? [] : [notSeen(seen.error.code, seen.error.message)]),
    ...(seen.machine === undefined ? [] : [asUnknown(seen.machine)]),
    ...judgeServer(point, seen),
    ...(seen.answer === undefined ? [] : [judgeMarkers(point, seen.answer, seen.cameBack)]),
    ...(seen.answer === undefined ? [] : assertions.map((sql, at) => judgeRow(sql, seen.answer?.assertions[at]))),
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
  return (holdOf(point)?.markers ?? []).filter(isWritten).map(({ path }) => path)
}

function isWritten({ path, written }: HoldAnswer['markers'][number]): boolean {
  return written && path !== ''
}

function judgeStart({ grade }: RestorePoint, proofs: readonly Proof[]): readonly DataFinding[] {
  return proofs.flatMap((proof) => {
    if (proof.claim === 'came-back') return [asUnknown(proof)]
    // Where the grade promises no clean stop, a recovery is what is expected.
    return proof.claim === 'no-crash-recovery' && grade === 'db-stopped' ? [bare(proof)] : []
  })
}

/** What the server shows by itself. One that was killed in the copy and started again shows what that did to it. */
function judgeServer(point: RestorePoint, { cameBack, data, answer }: DrillSeen): readonly DataFinding[] {
  const shown = [
    ...judgeStart(point, cameBack?.proofs ?? []),
    ...data,
    ...(answer === undefined ? [] : judgeTables(answer.tables)),
  ]
  return data.some(({ code }) => code === STARTED_AGAIN) ? shown.map(asUnknown) : shown
}

function judgeMarkers(point: RestorePoint, { markers }: DrillAnswer, cameBack: CameBack | undefined): DataFinding {
  const id = expectedMarker(point)
  const places = (holdOf(point)?.markers ?? []).filter(isWritten)
  if (id === undefined && point.grade !== 'db-stopped') {
    return { verdict: 'proven', code: 'no-marker-expected', message: 'no hold left a marker for this point' }
  }
  if (id === undefined || places.length === 0) {
    return notSeen('marker-place-unknown', 'where the hold wrote its markers is not known: its evidence is lost')
  }
  const found = new Map(markers.map(({ path, content }) => [path, content ?? undefined]))
  const mounted = new Set(cameBack?.answer.markers.map(({ mount }) => mount))
  // A file system that needs the network is not there, and neither is its marker.
  const unseen = places.filter(({ path, mount }) => found.get(path) === undefined && !mounted.has(mount))
  const wrong = places.filter((place) => !found.get(place.path)?.startsWith(id) && !unseen.includes(place))
  const said = [...wrong, ...unseen].map(({ path }) => `${path}: ${found.get(path) ?? 'missing'}`).join(', ')
  if (wrong.length > 0) return against('other-marker', `the markers do not name ${id}: ${said}`)
  if (unseen.length > 0) return notSeen('marker-unseen', `file systems of the markers are not mounted: ${said}`)
  return { verdict: 'proven', code: 'marker-read', message: `every marker names ${id}` }
}

/** As many as fit into a reason. */
const NAMED = 5

function judgeTables(tables: DrillAnswer['tables']): readonly DataFinding[] {
  if (tables === null) return [notSeen('tables-unchecked', 'the server could not be asked for its tables')]
  const { checked, unchecked, bad, badCount, error } = tables
  const damaged = bad.slice(0, NAMED).map(({ table, message }) => `${table}: ${message}`)
  const more = badCount > NAMED ? `; and ${badCount - NAMED} more` : ''
  if (checked === 0 && badCount === 0 && error === null) {
    return [notSeen('no-tables', 'no table was checked: the server shows this account none that it can check')]
  }
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
    return OF_DATA.test(error) ? against('assertion-false', message) : notSeen('assertion-unanswered', message)
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
