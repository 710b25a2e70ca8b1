import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { Profile } from '../guest/profile.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import type { Manifest, Part } from '../repository/manifest.ts'
import { dumpEvidence } from './backup-manifest.ts'

/** What is wanted back of a backup. */
export interface RestoreSelection {
  readonly parts: readonly Part[]
  /** Of the databases, these only; default: all that the backup holds. */
  readonly databases?: readonly string[]
  /** Accounts and their rights, too. */
  readonly users: boolean
  /** Of the files, what lies under this path only. */
  readonly path?: string
  /** Files and configuration over what is there, not beside it. */
  readonly over?: boolean
}

/** What of it will be done. */
export interface BackupRestorePlan {
  readonly databases: readonly string[]
  readonly users: boolean
  readonly archives: readonly { readonly part: Part; readonly paths: readonly string[] }[]
  /** The archives are written over what is there. */
  readonly over: boolean
  /** Whether web server, cron and the like must stand still meanwhile. */
  readonly held: boolean
}

/** Begins the note of what is dumped before a restore. */
export const SAFETY_NOTE = 'before the restore of'

/**
 * The point that is named, or the newest backup that holds all that is wanted: none that is suspect, nor what a restore dumped
 * before it began, which is what is wanted away. Rejects with `point-not-found`, or `not-supported` for another kind. Pure.
 */
export function chooseBackup(
  points: readonly RestorePoint[],
  { vm, id, wanted }: { vm: string; id: string | undefined; wanted: RestoreSelection },
): RestorePoint {
  const found = points.find((point) => (id === undefined ? isRightByItself(point, wanted) : point.id === id))
  if (found === undefined && id === undefined) {
    const message = `${vm} has no backup that is not suspect and holds all that is wanted`
    const hint = 'name one with --point; dumps that a restore made before it began are taken only by name'
    throw new StillshotError('point-not-found', message, { hint })
  }
  if (found === undefined) throw new StillshotError('point-not-found', `${vm} has no backup ${id}`)
  if (dumpEvidence(found) !== undefined) return found
  throw new StillshotError('not-supported', `restore point ${found.id} is of kind ${found.kind}, no backup of ours`)
}

function isRightByItself(point: RestorePoint, wanted: RestoreSelection): boolean {
  const manifest = dumpEvidence(point)?.manifest
  if (manifest === undefined || point.grade === 'suspect' || point.note?.startsWith(SAFETY_NOTE) === true) return false
  return holdsAll(manifest, wanted)
}

function holdsAll({ streams, server }: Manifest, { parts, databases = [], users, path }: RestoreSelection): boolean {
  const has = (content: string) => streams.some((stream) => stream.content === content)
  const archives = parts.filter((part) => part !== 'databases')
  const holds = (part: Part) =>
    streams.some((stream) => stream.content === 'tar' && stream.part === part && under(stream.paths, path).length > 0)
  const held = server?.databases ?? []
  return (
    (!parts.includes('databases') || (has('sql') && databases.every((name) => held.includes(name)))) &&
    (!users || has('users')) &&
    (path === undefined ? archives.every(holds) : archives.length === 0 || archives.some(holds))
  )
}

/** Throws `backup-not-found` for what the backup does not hold, `usage` for accounts without databases. Pure. */
export function planRestore(
  { streams, server, id }: Manifest,
  { parts, databases, users, path, over = false }: RestoreSelection,
  profile: Profile,
): BackupRestorePlan {
  const held = server?.databases ?? []
  const missing = (databases ?? []).filter((name) => !held.includes(name))
  if (missing.length > 0) {
    throw new StillshotError('backup-not-found', `the backup ${id} does not hold the databases ${missing.join(', ')}`)
  }
  const wanted = parts.includes('databases') ? [...new Set(databases ?? held)] : []
  const archives = streams
    .filter(({ part, content }) => content === 'tar' && parts.includes(part))
    .map(({ part, paths }) => ({ part, paths: under(paths, path) }))
    .filter(({ paths }) => paths.length > 0)
  if (users && !streams.some(({ content }) => content === 'users')) {
    throw new StillshotError('backup-not-found', `the backup ${id} holds no accounts`)
  }
  if (users && wanted.length === 0) {
    const hint = 'the dump that is made of databases before they are replaced holds the accounts as they are now'
    throw new StillshotError('usage', 'accounts are restored together with databases only', { hint })
  }
  if (wanted.length === 0 && archives.length === 0) {
    throw new StillshotError('backup-not-found', `the backup ${id} holds nothing of what is wanted`)
  }
  return {
    databases: wanted,
    users,
    archives,
    over: over && archives.length > 0,
    held: (wanted.length > 0 || over) && profile.components.some(({ kind }) => kind !== 'dbms'),
  }
}

function under(paths: readonly string[], path: string | undefined): readonly string[] {
  if (path === undefined) return paths
  return paths.some((root) => path === root || path.startsWith(`${root}/`)) ? [path] : []
}

/** What differs between the server that was dumped, null where it takes nothing, and the one that takes it. Pure. */
export function serverFindings(
  { server }: Pick<Manifest, 'server'>,
  { serverSilent, variables, restoreAllowed }: InventoryAnswer,
): readonly Finding[] {
  const findings: Finding[] = []
  if (!restoreAllowed) {
    const message = 'the profile in this guest does not allow a restore'
    const hint = 'set `backup: { restore: true }` for the VM, then run `stillshot guest install VM`'
    findings.push({ severity: 'refuse', code: 'restore-not-allowed', message, hint, error: 'backup-not-allowed' })
  }
  if (server === null) return findings
  if (serverSilent !== null) {
    const message = `the server did not answer: ${serverSilent}`
    const hint = 'start it, or name other parts with --only'
    return [...findings, { severity: 'refuse', code: 'server-silent', message, hint }]
  }
  const here = variables.version ?? ''
  const flavour = (version: string) => (/mariadb/i.test(version) ? 'MariaDB' : 'MySQL')
  const [from, to] = [releaseOf(server.version), releaseOf(here)]
  if (flavour(server.version) !== flavour(here)) {
    const message = `the dump is of ${server.version}, the server here is ${here}`
    const hint = 'a dump of one does not always mean the same to the other: load it by hand where that is meant'
    findings.push({ severity: 'refuse', code: 'other-server', message, hint })
  } else if (from !== to) {
    const message = `the dump is of ${server.version}, the server here is ${here}`
    const hint = 'a newer server reads it; an older one may refuse statements that it does not know'
    findings.push({ severity: 'warn', code: 'other-version', message, hint })
  }
  return findings
}

function pathsOf(archives: BackupRestorePlan['archives']): string {
  return archives.flatMap(({ paths }) => paths).join(', ')
}

function releaseOf(version: string): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? version
}

/** The plan in words, in order. Pure. */
export function planWords(
  { databases, users, archives, over, held }: BackupRestorePlan,
  { safety, where, at }: { safety: boolean; where: string; at?: string },
): readonly string[] {
  return [
    `read ${where} and compare its sums`,
    ...(held ? ['stop web server, cron and whatever else the profile names beside the database server'] : []),
    ...(safety && databases.length > 0
      ? ['dump the databases as they are now, to put them back if anything fails']
      : []),
    ...(safety && over ? [`copy ${pathsOf(archives)} as they are now, to undo it with`] : []),
    ...(over
      ? archives.map(({ part, paths }) => `write what differs of ${part} over what is there: ${paths.join(', ')}`)
      : []),
    ...(at === undefined ? [] : [`keep what the server's binary log holds from the backup until ${at}`]),
    ...databases.map((name) => `drop the database ${name} and make it anew`),
    ...(at === undefined
      ? []
      : [`carry out those changes, without accounts: ${databases.join(', ')} are then as at ${at}`]),
    ...(users ? ['make accounts that are missing, set those that are there, with their rights'] : []),
    ...(over ? [] : archives).map(({ part, paths }) => `write ${part} beside what is there: ${paths.join(', ')}`),
    ...(held ? ['start what was stopped'] : []),
  ]
}
