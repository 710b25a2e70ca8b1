import { StillshotError } from '../errors.ts'
import type { CommandResult, GuestShell } from '../guest/guest-shell.ts'
import { knownHelper } from '../guest/helper-file.ts'
import { HELPER_PATH } from '../guest/helper-path.ts'
import { isOpenHold } from '../guest/open-hold.ts'
import { applicationProfile, profileFile } from '../guest/profile.ts'
import { type InstallFiles, installScript, removeScript } from './install-script.ts'
import type { Ports, VmSettings } from './ports.ts'
import { openHelper } from './run.ts'

export interface InstallOrder {
  readonly signal: AbortSignal
  /** Logs in as this user, who is root or may use sudo for everything; default: the configured one. */
  readonly installUser?: string
  /** Report the options for authorized_keys that let a key do nothing but the helper's verbs. */
  readonly forcedCommand: boolean
}

export interface GuestHelperReport {
  readonly version: 1
  readonly vm: string
  readonly state: 'installed' | 'current' | 'older' | 'altered' | 'missing' | 'removed'
  readonly sha256?: string
  readonly path: string
  /** What to write before the key in the guest's authorized_keys; only when asked for. */
  readonly authorizedKeysOptions?: string
}

/**
 * Puts helper, profile and the one line of sudoers into the guest, owned by root, each written beside and renamed, and
 * shows that the configured user can call it. May be repeated: the same again changes nothing.
 */
export async function installHelper(
  ports: Ports,
  settings: VmSettings,
  order: InstallOrder,
): Promise<GuestHelperReport> {
  const files: InstallFiles = {
    helper: ports.helper.content,
    profiles: profileFiles(settings),
    user: settings.guest.user,
  }
  await asRoot(ports, settings, order, installScript(files))
  const report = await helperStatus(ports, settings, order)
  if (report.state !== 'current') {
    throw new StillshotError(
      'helper-failed',
      `${settings.name}: the helper is '${report.state}' right after it was installed`,
    )
  }
  const authorizedKeysOptions = `restrict,command="${HELPER_PATH} gate"`
  return { ...report, state: 'installed', ...(order.forcedCommand ? { authorizedKeysOptions } : {}) }
}

function profileFiles({ profile, database, backup }: VmSettings): Readonly<Record<string, string>> {
  const allowed = backup === undefined ? {} : { allowed: backup.allowed }
  const application = backup === undefined ? undefined : applicationProfile(profile)
  return {
    [profile.name]: profileFile(profile, { ...database, ...allowed }),
    ...(application === undefined ? {} : { [application.name]: profileFile(application) }),
  }
}

/** Which helper the guest has, asked over the configured user's sudo line. Changes nothing. */
export async function helperStatus(
  ports: Ports,
  settings: VmSettings,
  { signal }: { signal: AbortSignal },
): Promise<GuestHelperReport> {
  const helper = openHelper(ports, settings)
  const about = { version: 1, vm: settings.name, path: HELPER_PATH } as const
  try {
    const { sha256 } = await helper.status({ signal, timeoutMs: 60_000 })
    return { ...about, sha256, state: knownHelper(ports.helper, sha256) ?? 'altered' }
  } catch (thrown) {
    if (thrown instanceof StillshotError && thrown.code === 'helper-missing') return { ...about, state: 'missing' }
    throw thrown
  } finally {
    await helper.close()
  }
}

/** Takes helper, profiles and the line of sudoers out of the guest; refused while a hold is open. Idempotent. */
export async function removeHelper(
  ports: Ports,
  settings: VmSettings,
  order: InstallOrder,
): Promise<GuestHelperReport> {
  const helper = openHelper(ports, settings)
  try {
    const { holds } = await helper.status({ signal: order.signal })
    const open = holds.find(isOpenHold)
    if (open !== undefined) throw new StillshotError('guest-locked', `${settings.name} is held by ${open.id}`)
  } catch (thrown) {
    if (!(thrown instanceof StillshotError && ['helper-missing', 'sudo-refused'].includes(thrown.code))) throw thrown
  } finally {
    await helper.close()
  }
  await asRoot(ports, settings, order, removeScript(ports.helper.freezeHook?.remove))
  return { version: 1, vm: settings.name, path: HELPER_PATH, state: 'removed' }
}

/** Runs a script as root of the guest; resolves with what it printed. */
export async function asRoot(
  ports: Ports,
  settings: VmSettings,
  order: Pick<InstallOrder, 'signal' | 'installUser'>,
  script: string,
): Promise<string> {
  const user = order.installUser ?? settings.guest.user
  const target = { ...settings.guest, user }
  const options = { signal: order.signal, timeoutMs: 60_000 }
  const shell: GuestShell = await ports.shells.open(target, options)
  try {
    const argv = user === 'root' ? ['sh', '-s'] : ['sudo', '-n', 'sh', '-s']
    const result = await shell.run(argv, { ...options, stdin: script })
    check(settings.name, user, result)
    return result.stdout
  } finally {
    await shell.close()
  }
}

function check(vm: string, user: string, { exitStatus, stderr }: CommandResult): void {
  if (exitStatus === 0) return
  const said = stderr.trim().slice(0, 500)
  if (/^sudo:/m.test(said)) {
    throw new StillshotError('sudo-refused', `${user} may not become root in ${vm}: ${said}`, {
      hint: 'installing needs root once: log in as root or as somebody with full sudo, `--user NAME`',
    })
  }
  throw new StillshotError('helper-failed', `the change in ${vm} failed: ${said}`)
}
