import { StillshotError } from '../errors.ts'
import { HELPER_PATH } from '../guest/helper-path.ts'

const SUDOERS = '/etc/sudoers.d/stillshot'
const PROFILES = '/etc/stillshot/profiles'

export interface InstallFiles {
  readonly helper: string
  /** Name -> content. */
  readonly profiles: Readonly<Record<string, string>>
  /** The guest's user that the line of sudoers is for; root needs none. */
  readonly user: string
}

/**
 * The script that installs, for root's `sh -s`. Contents travel as base64, so that nothing in them is ever read by the
 * shell; a file of sudoers that visudo does not accept never takes its place.
 */
export function installScript({ helper, profiles, user }: InstallFiles): string {
  const lines = [
    'set -eu',
    'umask 077',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH',
    'place() { base64 -d > "$1.new"; chown 0:0 "$1.new"; chmod "$2" "$1.new"; mv -f "$1.new" "$1"; }',
    'mkdir -p /usr/local/sbin',
    `mkdir -p -m 0755 /etc/stillshot ${PROFILES}`,
    ...placed(HELPER_PATH, '0755', helper),
    ...Object.entries(profiles).flatMap(([name, content]) => placed(`${PROFILES}/${word(name)}`, '0644', content)),
  ]
  if (user !== 'root') {
    const line = `${word(user)} ALL=(root) NOPASSWD: ${HELPER_PATH}\n`
    lines.push(
      'check=$(mktemp)',
      `base64 -d > "$check" <<'END'`,
      base64(line),
      'END',
      'if command -v visudo >/dev/null; then visudo -cqf "$check"; fi',
      'rm -f "$check"',
      ...placed(SUDOERS, '0440', line),
    )
  }
  return `${lines.join('\n')}\n`
}

/** The script that takes everything out again, unless a hold is open. */
export function removeScript(removeFreezeHook = ''): string {
  const open = `[ -x ${HELPER_PATH} ] && ${HELPER_PATH} status | grep -Eq '"state":"(stopping|held|releasing)"'`
  return `set -eu\nif ${open}; then echo 'a hold is open' >&2; exit 3; fi\n${removeFreezeHook}rm -f ${SUDOERS} ${HELPER_PATH}\nrm -rf /etc/stillshot /run/stillshot /var/lib/stillshot\n`
}

function placed(path: string, mode: string, content: string): readonly string[] {
  return [`place ${path} ${mode} <<'END'`, base64(content), 'END']
}

function base64(content: string): string {
  return Buffer.from(content)
    .toString('base64')
    .replace(/(.{76})/g, '$1\n')
}

/** Names that reach the script as they are: letters, digits, `_`, `-`, `.`; the configuration allows no others. */
function word(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) return name
  throw new StillshotError('config-invalid', `${JSON.stringify(name)} cannot be used as a name in the guest`, {
    hint: 'users and profiles of a guest are named with letters, digits, `_`, `-` and `.`',
  })
}
