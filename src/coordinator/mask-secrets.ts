/** What stands for a value that is not shown. */
export const MASKED = '***'

const SECRET_KEY =
  /[\w-]*(pass(word|wort|wd|phrase)?|pwd|secret|token|credential|kennwort|api[_-]?key|private|auth|salt|hash|crypt|cipher|cookie|community|psk|license|licence|identified by)[\w-]*/i
const SHADOW = /^([^:\s]{1,200}):(\$(apr1|2[abxy]|1|5|6|7|y|argon2\w*)\$|\{(S?SHA|MD5|CRYPT)\}|[./0-9A-Za-z]{13}$).*/
const IN_ADDRESS = /(:\/\/[^/\s:@]*):[^@\s]+@/g
const OF_CLIENT = /((?:^|\s)-p)\S+/g

/**
 * Lines of a configuration with the values of keys that look secret left out: from such a key to the end of the line, and where
 * the value is not on that line, what follows. More is left out than need be, never less than a known key's value. Pure.
 */
export function maskSecrets(lines: readonly string[]): readonly string[] {
  let until: ((line: string) => boolean) | undefined
  return lines.map((line) => {
    if (until !== undefined) {
      const ends = until(line)
      if (ends) until = undefined
      return line.trim() === '' ? line : MASKED
    }
    // First of all what is known by its form: a key may be found in a secret itself.
    const shown = plain(line)
    const found = SECRET_KEY.exec(shown)
    if (found === null) return shown
    const end = found.index + found[0].length
    until = goesOn(shown, shown.slice(end))
    return `${shown.slice(0, end)} ${MASKED}`
  })
}

/** True for what holds nothing but secrets: of such a file is told only that it differs. */
export function isAllSecret(path: string, text: string): boolean {
  return (
    /(\.(key|pem|p12|pfx|jks)|htpasswd|htdigest|shadow|\.my\.cnf\.enc)$/i.test(path) ||
    /-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)
  )
}

function plain(line: string): string {
  const masked = line.replace(SHADOW, `$1:${MASKED}`).replace(IN_ADDRESS, `$1:${MASKED}@`)
  return /\b(mysql|mariadb)/i.test(line) ? masked.replace(OF_CLIENT, `$1${MASKED}`) : masked
}

/** Whether the value of a key is on the lines below, and where it ends. */
function goesOn(line: string, rest: string): ((line: string) => boolean) | undefined {
  const opened = count(rest, /[[({]/g) - count(rest, /[\])}]/g)
  if (opened > 0) {
    let open = opened
    return (next) => {
      open += count(next, /[[({]/g) - count(next, /[\])}]/g)
      return open <= 0
    }
  }
  const indent = line.search(/\S/)
  if (/[:=]\s*[|>][-+\d]*\s*$/.test(rest)) {
    // A block of YAML: as long as it is indented further. The line that ends it is left out as well.
    return (next) => next.trim() !== '' && next.search(/\S/) <= indent
  }
  if (/\\\s*$/.test(rest)) return (next) => !/\\\s*$/.test(next)
  if (isOpenQuote(rest)) return (next) => /["']/.test(next)
  return /\w/.test(rest) ? undefined : (next) => /\w/.test(next)
}

function isOpenQuote(rest: string): boolean {
  const value = rest.replace(/^["']?\s*(=>|[:=,])?\s*/, '')
  const quote = value[0]
  return (quote === '"' || quote === "'") && !value.slice(1).includes(quote)
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0
}
