import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { PruneReport } from '../../src/coordinator/prune-vm.ts'
import type { CliResult } from '../labs/stillshot-cli.ts'

/** What a command told its user. */
export interface Told {
  readonly command: string
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  /** Of the error; undefined when there was none, or nobody was left to tell it. */
  readonly code?: string
  readonly message?: string
  readonly points: readonly Pick<RestorePoint, 'id' | 'grade' | 'reasons'>[]
  /** The whole document; undefined when stdout was not exactly one. */
  readonly document?: Readonly<Record<string, unknown>>
  readonly output: string
}

interface ToldError {
  readonly code: string
  readonly message: string
}

export function toldBy(args: readonly string[], { status, signal, stdout, stderr }: CliResult): Told {
  const document = parse(stdout)
  const error = (document?.error ??
    (document?.failed as ToldError[] | undefined)?.[0] ??
    keptBy(document) ??
    whyOf(document)) as ToldError | undefined
  const points = (document?.points ?? []) as Told['points']
  return {
    command: args[0] ?? '',
    status,
    signal,
    points,
    output: stdout + stderr,
    ...(error === undefined ? {} : { code: error.code, message: error.message }),
    ...(document === undefined ? {} : { document }),
  }
}

/** Why a point that should go is still there, where `prune` says so. */
function keptBy(document: Told['document']): ToldError | undefined {
  const reports = (document?.command === 'prune' ? (document.reports ?? []) : []) as readonly PruneReport[]
  return reports.flatMap(({ points }) => points.flatMap(({ removal }) => removal?.why ?? []))[0]
}

/** Why the grade is not better, where `release` ends badly: it has no restore point to say it of. Why a drill did not pass. */
function whyOf(document: Told['document']): ToldError | undefined {
  const { reasons: told } = (document?.command === 'drill' ? (document.drill ?? {}) : (document ?? {})) as Record<
    string,
    unknown
  >
  const [reason] = (
    ['release', 'drill'].includes(String(document?.command)) ? (told ?? []) : []
  ) as readonly ToldError[]
  return reason
}

/** In one word or two: `db-stopped`, `cancelled (130)`, `killed`. */
export function toldText({ status, signal, code, points }: Told): string {
  if (signal !== null) return signal
  const grades = points.map(({ grade }) => grade).join(', ')
  const how = code ?? (grades === '' ? 'done' : '')
  const said = [how, grades].filter((word) => word !== '').join(', ')
  return status === 0 ? said : `${said} (${status})`
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}
