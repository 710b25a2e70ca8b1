import { type Kind, knownName, knownValue } from './known-settings.ts'

/** What may be told of one file, or of one job of cron in it. */
export type Settings = Readonly<Record<string, string>>

/** In place of a value that is not shown. */
export const HIDDEN = '(set)'

/** What a file of the guest is, by its path; undefined for one that nobody reads here. */
export function kindOf(path: string): Kind | 'cron' | undefined {
  if (/^\/etc\/(apache2|httpd)\/.*\.(conf|load)$/.test(path)) return 'apache'
  if (/^\/etc\/(php\.ini|php-fpm\.conf|php[0-9./a-z-]*\/.*\.(ini|conf))$/.test(path)) return 'php'
  if (/^\/etc\/(my\.cnf|my\.cnf\.d\/.*\.cnf|mysql\/.*\.cnf)$/.test(path)) return 'database'
  return /^\/etc\/(crontab|cron\.d\/[^/]+)$|^\/var\/spool\/cron\//.test(path) ? 'cron' : undefined
}

/** The settings of a file that are known to be no secret, the last of each name. What is not understood is not shown. Pure. */
export function readSettings(kind: Kind, text: string): Settings {
  const found: Record<string, string> = {}
  for (const [written, value] of kind === 'apache' ? directives(text) : assignments(text)) {
    const name = knownName(kind, written)
    if (name !== undefined) found[name] = knownValue(kind, name, value) ?? HIDDEN
  }
  return found
}

/** `name = value`, where a value in quotes may go on over lines: nothing within them is a setting. */
function* assignments(text: string): Generator<readonly [string, string]> {
  let quote = ''
  for (const line of text.split('\n')) {
    if (quote !== '') {
      if (line.includes(quote)) quote = ''
      continue
    }
    const [, name = '', value = ''] =
      /^\s*(?:php_(?:admin_)?(?:value|flag)\[)?([A-Za-z0-9._-]+)\]?\s*(?:=\s*(.*))?$/.exec(line) ?? []
    if (name === '') continue
    const opening = /^["']/.exec(value)?.[0] ?? ''
    const closing = opening === '' ? 0 : value.indexOf(opening, 1)
    if (closing === -1) quote = opening
    yield [name, opening === '' ? value.replace(/\s+[;#].*$/, '').trim() : value.slice(1, Math.max(closing, 1))]
  }
}

/** Apache joins a line that ends in a backslash with the next one, of remarks too. */
function* directives(text: string): Generator<readonly [string, string]> {
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    const [, name, value = ''] = /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined) yield [name, value.replace(/^(["'])(.*)\1$/, '$2')]
  }
}

/** Accounts that distributions have. */
const ACCOUNTS = ['root', 'www-data', 'apache', 'wwwrun', 'mysql', 'nobody', 'backup']
/** Programs that are told; an argument may be a secret, and a word in their place, too. */
const PROGRAMS =
  /^(?:\/usr)?(?:\/local)?(?:\/s?bin\/)?(php[0-9.]*|idoit-jobs|idoit-backup|chronic|test|run-parts|mysqldump|mariadb-dump|curl|wget|rsync|find|debian-sa1|debian-sa2|e2scrub_all|e2scrub_all_cron)$/
const WHEN =
  /^(@(?:reboot|hourly|daily|weekly|monthly|yearly|annually|midnight)|(?:[0-9*,/-]{1,30}\s+){3}(?:[0-9*,/-]{1,30}|[A-Za-z,-]{3,30})\s+(?:[0-9*,/-]{1,30}|(?:sun|mon|tue|wed|thu|fri|sat)[a-z,-]{0,30}))\s+(.*)$/i

/** The jobs of a file of cron, each as when, who and which program; what follows is never shown, nor what stands in the environment. Pure. */
export function readJobs(path: string, text: string): readonly string[] {
  const withUser = !path.startsWith('/var/spool/')
  return text.split('\n').flatMap((line) => {
    const [, when, rest = ''] = WHEN.exec(line.trim()) ?? []
    if (when === undefined) return []
    const [user, program] = withUser ? rest.split(/\s+/) : [undefined, rest.split(/\s+/)[0]]
    const who = user === undefined ? '' : ` ${ACCOUNTS.includes(user) ? user : '(another account)'}`
    const what = PROGRAMS.exec(program ?? '')?.[1] ?? '(a command)'
    return [`${when.replaceAll(/\s+/g, ' ')}${who} ${what}`]
  })
}
