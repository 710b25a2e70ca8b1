import { rowEvents } from './binlog-events.ts'

/** What is wanted of a log. */
export interface Wanted {
  readonly databases: readonly string[]
  /** Others that the server has or had. */
  readonly others: readonly string[]
  /** Nothing of the server is left out but what is its own: then a statement need not be understood. */
  readonly everything: boolean
}

export type Verdict =
  /** Belongs to the session: settings, beginnings and ends. */
  | { readonly kind: 'frame' }
  | { readonly kind: 'change'; readonly atSeconds?: number }
  /** Of accounts, of the server itself or of other databases. */
  | { readonly kind: 'accounts' | 'others'; readonly atSeconds?: number }
  /** The name under which the server knows a transaction: under it the same server would take it for an old one. */
  | { readonly kind: 'name' }
  | { readonly kind: 'use'; readonly database: string }
  | { readonly kind: 'time'; readonly atSeconds: number }
  | { readonly kind: 'refused'; readonly why: string }

/** What a server keeps for itself. */
export const OWN_SCHEMAS = ['mysql', 'sys', 'information_schema', 'performance_schema']
const FRAME =
  /^(DELIMITER|SET\s+(?!PASSWORD|DEFAULT\s+ROLE)|START\s+TRANSACTION|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA\s|FLUSH\s)/i
const OWN_COMMENT = /^\/\*M?!(\d+ )?(SET\s+@|SET\s+COMPLETION_TYPE|SET\s+TRANSACTION|\\C )/i
const ACCOUNTS =
  /^(GRANT|REVOKE|SET\s+PASSWORD|SET\s+DEFAULT\s+ROLE|(CREATE|ALTER|DROP|RENAME)\s+(OR\s+REPLACE\s+)?(USER|ROLE)|ALTER\s+DEFAULT)\b/i
const OF_DATABASE =
  /^(?:CREATE|DROP|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:DATABASE|SCHEMA)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(`(?:[^`]|``)+`|[\w$]+)/i
const DEFINITION = /^(CREATE|ALTER|DROP|RENAME|TRUNCATE|ANALYZE|OPTIMIZE|REPAIR)\b/i
const REFERS = /\b(LIKE|SELECT|REFERENCES|RENAME|TO)\b/i

/**
 * What a statement that was written out of a log is. `text`: without comments before it; `whole` is false for the beginning of a
 * long one. `current`: the database in use. Pure.
 */
export function judgeStatement(
  text: string,
  { current, wanted, whole }: { current: string | undefined; wanted: Wanted; whole: boolean },
): Verdict {
  if (/^\/\*M?!\d+ SET @@session\.gtid_seq_no\s*=/i.test(text)) return { kind: 'name' }
  if (/\bGTID_NEXT\s*=\s*'(?!AUTOMATIC)/i.test(text.slice(0, 200))) {
    return refused('its transactions keep their names, under which the server takes none a second time')
  }
  const time = /^SET TIMESTAMP=(\d{1,10})/i.exec(text)?.[1]
  if (time !== undefined) return { kind: 'time', atSeconds: Number(time) }
  const used = /^use `((?:[^`]|``)+)`/i.exec(text)?.[1]
  if (used !== undefined) return { kind: 'use', database: used.replaceAll('``', '`') }
  if (/^BINLOG\s/i.test(text)) return judgeRows(text, wanted)
  if (ACCOUNTS.test(text)) return { kind: 'accounts' }
  if (wanted.everything && /^SET\s+@binlog_fragment/i.test(text)) return { kind: 'change' }
  if (/^SET\s+@binlog_fragment/i.test(text)) return refused('an event that is too long to be looked at')
  if (FRAME.test(text) || OWN_COMMENT.test(text)) return { kind: 'frame' }
  if (/^LOAD\s/i.test(text)) return refused('a file that was loaded (LOAD DATA) and is not in the log')
  const named = unquoted(OF_DATABASE.exec(text)?.[1])
  if (named !== undefined && !wanted.everything) return { kind: wanted.databases.includes(named) ? 'change' : 'others' }
  if (current !== undefined && OWN_SCHEMAS.includes(current.toLowerCase())) return { kind: 'others' }
  return wanted.everything ? { kind: 'change' } : judgeText(text, { current, wanted, whole })
}

function judgeRows(text: string, { databases: names, everything }: Wanted): Verdict {
  const { databases = [], complete = false, atSeconds } = rowEvents(text) ?? {}
  const at = atSeconds === undefined ? {} : { atSeconds }
  if (complete && databases.length === 0) return { kind: 'frame' }
  if (complete && databases.every((name) => OWN_SCHEMAS.includes(name.toLowerCase()))) return { kind: 'others', ...at }
  if (everything) return { kind: 'change', ...at }
  if (!complete) return refused('rows whose tables are not told')
  const wanted = databases.filter((name) => names.includes(name))
  if (wanted.length === 0) return { kind: 'others', ...at }
  if (wanted.length === databases.length) return { kind: 'change', ...at }
  return refused(`a statement that changed rows of ${databases.join(' and ')} together`)
}

/** With other databases left out, what a text changes must be seen from it. */
function judgeText(
  text: string,
  { current, wanted, whole }: { current: string | undefined; wanted: Wanted; whole: boolean },
): Verdict {
  if (!DEFINITION.test(text)) {
    return refused(
      'a change that was logged as a statement and not by its rows: whose rows it changes is not told (binlog_format)',
    )
  }
  if (!whole) return refused('a definition that is too long to be looked at')
  const bare = text.replaceAll(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\/\*[\s\S]*?\*\/|--\s.*|#.*/g, ' ')
  const ours = mentioned(bare, wanted.databases)
  const theirs = mentioned(bare, [...wanted.others, ...OWN_SCHEMAS])
  const inOurs = current !== undefined && wanted.databases.includes(current)
  if (!ours && !theirs) return { kind: inOurs ? 'change' : 'others' }
  if (ours && theirs) return refused('a definition that names databases both wanted and not')
  if (ours && !inOurs && current !== undefined && REFERS.test(bare)) {
    return refused(`a definition that may refer to ${current} as well`)
  }
  if (theirs && inOurs && REFERS.test(bare)) return refused('a definition that may refer to a wanted database as well')
  return { kind: ours ? 'change' : 'others' }
}

function mentioned(bare: string, names: readonly string[]): boolean {
  return names.some((name) => {
    const quoted = `\`${name.replaceAll('`', '``')}\``
    const plain = /^[\w$]+$/.test(name) ? `|(?<![\\w$\`.])${name.replaceAll('$', '\\$')}` : ''
    return new RegExp(`(?:${quoted.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}${plain})\\s*\\.`, 'i').test(bare)
  })
}

function unquoted(word: string | undefined): string | undefined {
  return word?.startsWith('`') ? word.slice(1, -1).replaceAll('``', '`') : word
}

function refused(why: string): Verdict {
  return { kind: 'refused', why }
}
