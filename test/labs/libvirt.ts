import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandResult, runCommand, tryCommand } from './command.ts'
import type { LabPaths } from './paths.ts'
import { waitFor } from './wait-for.ts'

/** Where the lab's domains live: root's libvirt for root, the user's own for anybody else. */
export function libvirtUri(): string {
  return process.getuid?.() === 0 ? 'qemu:///system' : 'qemu:///session'
}

/**
 * Makes sure that libvirt answers and gives its URI. A libvirt that answers already is used as it is. Otherwise root
 * gets a libvirtd without systemd, D-Bus and virtlogd; a user's session daemon is started by libvirt itself.
 */
export async function ensureLibvirt(paths: LabPaths): Promise<string> {
  const uri = libvirtUri()
  if (await answers(uri)) return uri
  if (uri !== 'qemu:///system') throw new Error(`${uri} does not answer: is libvirt-daemon installed?`)
  // One that another process starts at this moment will do as well: what counts is that it answers.
  const started = await startDaemon(paths)
  await waitFor(async () => ((await answers(uri)) ? true : undefined), {
    what: `libvirtd on ${uri} (its log is ${join(paths.libvirt, 'libvirtd.log')}) ${started.stderr.trim()}`,
    timeoutMs: 60_000,
  })
  return uri
}

async function answers(uri: string): Promise<boolean> {
  const asked = await tryCommand('virsh', ['--connect', uri, 'version', '--daemon'], { timeoutMs: 30_000 })
  return asked.status === 0
}

/** For a libvirtd whose guests run as root, without cgroups, name spaces and security drivers. */
const QEMU_CONF = `# Written by stillshot's test lab, because no libvirt was set up on this machine.
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`

async function startDaemon(paths: LabPaths): Promise<CommandResult> {
  await mkdir(paths.libvirt, { recursive: true })
  await mkdir('/var/log/libvirt/qemu', { recursive: true })
  await mkdir('/etc/libvirt', { recursive: true })
  await ensureQemuUser()
  // An administrator's own file stays as it is.
  await writeFile('/etc/libvirt/qemu.conf', QEMU_CONF, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const configuration = join(paths.libvirt, 'libvirtd.conf')
  const log = join(paths.libvirt, 'libvirtd.log')
  await writeFile(
    configuration,
    `log_outputs = "3:file:${log}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_group = "root"\n`,
  )
  return tryCommand(
    'libvirtd',
    ['--daemon', '--config', configuration, '--pid-file', join(paths.libvirt, 'libvirtd.pid')],
    { timeoutMs: 60_000 },
  )
}

/** libvirtd looks this user up before it reads qemu.conf, and ends when it is missing. */
async function ensureQemuUser(): Promise<void> {
  if ((await tryCommand('getent', ['passwd', 'libvirt-qemu'], { timeoutMs: 10_000 })).status === 0) return
  await tryCommand('groupadd', ['--system', 'libvirt-qemu'], { timeoutMs: 10_000 })
  const shell = (await stat('/usr/sbin/nologin').catch(() => undefined)) ? '/usr/sbin/nologin' : '/bin/false'
  await runCommand(
    'useradd',
    ['--system', '--gid', 'libvirt-qemu', '--home-dir', '/var/lib/libvirt', '--shell', shell, 'libvirt-qemu'],
    { timeoutMs: 10_000 },
  )
}
