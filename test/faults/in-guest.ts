import type { Scene } from './scene.ts'

/** What a look into the guest finds of stillshot and of the server. */
export interface InGuest {
  /** Last state of every hold of this boot. */
  readonly holds: readonly string[]
  /** Helpers and dumps at work. */
  readonly working: number
  /** Units and drop-ins of stillshot under /run/systemd/system, and loaded units of its name. */
  readonly leftUnits: readonly string[]
  readonly enabled: string
  readonly active: string
  /** What else of the profile is active or not. */
  readonly application: string
  /** Settings of the server that drain changes for a time. */
  readonly settings: string
  readonly rows: string
  /** Files that hold the canary. */
  readonly leaks: readonly string[]
}

const LOOK = `
for f in /run/stillshot/holds/*/states; do [ ! -f "$f" ] || echo "hold $(tail -qn 1 "$f")"; done
echo "working $(pgrep -cf '^[^ ]*sh [^ ]*stillshot-guest (hold|release|expire|drain)')"
pgrep -x 'mariadb-dump|mariadb|tar|gzip' > /dev/null && echo "left processes of a dump or a load: $(pgrep -xl 'mariadb-dump|mariadb|tar|gzip' | tr '\\n' ' ')"
[ ! -e /var/lib/stillshot/half ] || echo "left the mark of a half restore: $(tr '\\n' ' ' < /var/lib/stillshot/half)"
ls -d /run/systemd/system/*stillshot* /run/systemd/transient/*stillshot* 2>/dev/null | sed 's/^/left /'
# The condition stays until the next boot and does nothing while this file is empty; a limit taken off must be gone.
[ ! -s /run/stillshot/blocked ] || echo "left a block: $(cat /run/stillshot/blocked)"
grep -ls SendSIGKILL /run/systemd/system/*/*stillshot* | sed 's/^/left /'
systemctl list-units --all --plain --no-legend 'stillshot*' | sed 's/^/left /'
echo "enabled $(systemctl is-enabled mariadb)"
echo "active $(systemctl is-active mariadb)"
echo "application $(systemctl is-active cron)"
echo "settings $(timeout 5 mariadb -N -e 'SELECT @@innodb_io_capacity, @@innodb_io_capacity_max, @@innodb_max_dirty_pages_pct, @@innodb_max_dirty_pages_pct_lwm' 2>&1)"
echo "rows $(timeout 5 mariadb -N -e 'SELECT COUNT(*) FROM kept.rows' 2>&1)"
# The program that looks is told the canary by a file, too.
grep -rlFsf /root/canary /run/stillshot /var/lib/stillshot /etc/stillshot /etc/systemd /run/systemd /var/log | sed 's/^/leak /'
true
`

/** Tries again over a new connection: the old one may have died with what the fault did. */
export async function lookInGuest({ guest }: Scene): Promise<InGuest> {
  let looked = await guest.try(LOOK, { timeoutMs: 20_000 })
  for (let tries = 0; looked.status !== 0 && tries < 3; tries += 1) {
    await guest.dropConnection()
    looked = await guest.try(LOOK, { timeoutMs: 20_000 })
  }
  if (looked.status !== 0)
    throw new Error(`the look into the guest ended with ${looked.status}: ${looked.stderr.trim()}`)
  const lines = looked.stdout.split('\n')
  const all = (key: string) =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1).trim())
  const one = (key: string) => all(key)[0] ?? ''
  return {
    holds: all('hold').map((state) => state.split(' ')[0] ?? ''),
    working: Number(one('working')),
    leftUnits: all('left'),
    enabled: one('enabled'),
    active: one('active'),
    application: one('application'),
    settings: one('settings'),
    rows: one('rows'),
    leaks: all('leak'),
  }
}

const OPEN = ['stopping', 'held', 'releasing', 'expired']

/** The server runs, and nothing of stillshot is about to change that any more. */
export function isQuiet({ holds, working, active }: InGuest): boolean {
  return active === 'active' && working === 0 && !holds.some((state) => OPEN.includes(state))
}
