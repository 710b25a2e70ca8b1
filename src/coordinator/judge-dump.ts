import { StillshotError } from '../errors.ts'
import type { Proof } from '../grade/proof.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { StreamEnd, StreamVerb } from '../guest/stream-verb.ts'
import type { ServerFacts } from '../repository/manifest.ts'
import { looseNames } from './backup-preflight.ts'

/** Throws `dump-failed` unless the program ended well and complained of nothing that it left out. */
export function judgeEnd(
  vm: string,
  verb: StreamVerb,
  { exitStatus, stderr }: StreamEnd,
  { accept = [0] }: { accept?: readonly number[] },
): void {
  const said = stderr.trim().slice(-500)
  if (exitStatus === undefined || !accept.includes(exitStatus)) {
    const how = exitStatus === undefined ? 'by a signal' : `with ${exitStatus}`
    throw new StillshotError('dump-failed', `${vm}: '${verb}' ended ${how}: ${said || 'without a word'}`)
  }
  // The helper's own word is never that of a program which did its work.
  if (exitStatus !== 0 && /^stillshot-guest: /m.test(said)) {
    throw new StillshotError('dump-failed', `${vm}: '${verb}' was refused: ${said}`)
  }
  // A program that goes on after an error, and says so only here, has left something out.
  const left = /^(?:\S*\/)?(?:mysqldump|mariadb-dump): (?:Got error|Couldn't|Error).*/m.exec(stderr)?.[0]
  if (left !== undefined) {
    throw new StillshotError('dump-failed', `${vm}: '${verb}' ended well, but said: ${left.slice(0, 500)}`)
  }
}

/** Throws `dump-failed` unless what came ends as a whole stream does: what broke off may look whole. */
export function judgeLast(
  vm: string,
  verb: StreamVerb,
  { stderr }: Pick<StreamEnd, 'stderr'>,
  { tail, last }: { tail: string; last?: RegExp },
): void {
  const said = stderr.trim().slice(-500)
  if (last !== undefined && !last.test(tail)) {
    throw new StillshotError('dump-failed', `${vm}: '${verb}' ended without its last line: ${said || 'it was cut off'}`)
  }
}

/** The last line of mysqldump and mariadb-dump, which come after every table. */
export const DUMP_COMPLETED = /\n-- Dump completed[^\n]*\n$/
export const USERS_COMPLETED = /(^|\n)-- Users completed\n$/
/** Two empty blocks close a tar; what never came to be is empty as well, and must not pass for one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the blocks hold nothing else
export const TAR_COMPLETED = /\u0000{1024}$/

/**
 * Claim `one-moment`: a transaction showed every table as it was when the dump began; what no transaction shows so was not
 * written from before it until after it. A transaction shows no table that is gone when its database is reached.
 */
export function proveOneMoment(before: InventoryAnswer, after: InventoryAnswer): Proof {
  const claim = 'one-moment'
  if (after.serverSilent !== null) {
    const message = `what was written during the dump is not known, the server did not answer after it: ${after.serverSilent}`
    return { claim, verdict: 'unknown', code: 'server-silent', message }
  }
  const key = ({ database, table }: InventoryAnswer['loose'][number]) => JSON.stringify([database, table])
  const then = new Map(before.loose.map((table) => [key(table), table.updated]))
  const written = after.loose.filter((table) => then.get(key(table)) !== table.updated)
  if (written.length > 0) {
    const message = `written during the dump, and not transactional: ${looseNames(written)}`
    return { claim, verdict: 'contradicted', code: 'tables-written', message }
  }
  const changed = before.databases.filter((then) => !isSameShape(then, after)).map(({ name }) => name)
  if (changed.length > 0) {
    const message = `tables were made, altered or dropped during the dump, which may lack them, in ${changed.join(', ')}`
    return { claim, verdict: 'unknown', code: 'tables-changed', message }
  }
  if (before.loose.length === 0 && after.loose.length === 0) {
    const message = 'every table is transactional and was read in one transaction'
    return { claim, verdict: 'proven', code: 'one-transaction', message }
  }
  const dateless = after.loose.filter(({ updated }) => updated === null)
  if (dateless.length > 0 || after.loose.length !== before.loose.length || after.loose.length >= LISTED) {
    const message = `not transactional, and it is not known when they were written: ${looseNames(after.loose)}`
    return { claim, verdict: 'unknown', code: 'tables-not-transactional', message }
  }
  const message = `${after.loose.length} tables are not transactional and were not written meanwhile`
  return { claim, verdict: 'proven', code: 'not-written', message }
}

type Database = InventoryAnswer['databases'][number]

function isSameShape({ name, tables, shape }: Database, { databases }: Pick<InventoryAnswer, 'databases'>): boolean {
  const now = databases.find((database) => database.name === name)
  return now !== undefined && now.tables === tables && (now.shape ?? null) === (shape ?? null)
}

/** A list that is full may lack some. */
const LISTED = 1000

/** Where the dump stands in the binary log, as its first lines say. */
export function positionOf(head: string): ServerFacts['position'] {
  const found = /^-- CHANGE (?:MASTER|REPLICATION SOURCE) TO .*_LOG_FILE='([^']*)', .*_LOG_POS=([0-9]+)/m.exec(head)
  if (found?.[1] === undefined) return null
  const gtid = /^-- SET GLOBAL gtid_slave_pos='([^']*)'/m.exec(head)?.[1] ?? null
  return { file: found[1], position: Number(found[2]), gtid }
}

/** What tar said of files that changed while it read them. */
export function changedFiles(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .filter((line) => /file changed as we read it|File removed before we read it|file shrank by/i.test(line))
    .map((line) => line.replace(/^tar: /, '').slice(0, 300))
    .slice(0, 50)
}
