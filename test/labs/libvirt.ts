import { mkdir, readFile, writeFile } from 'node:fs/promises'
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
  await mountSmallFolder(paths)
  if (await answers(uri)) return uri
  if (uri !== 'qemu:///system') throw new Error(`${uri} does not answer: is libvirt-daemon installed?`)
  // One that another process starts at this moment will do as well: what counts is that it answers.
  const started = await startDaemon(paths)
  const up = waitFor(async () => ((await answers(uri)) ? true : undefined), { what: 'libvirtd', timeoutMs: 60_000 })
  await up.catch(async (cause: unknown) => {
    const log = await readFile(join(paths.libvirt, 'libvirtd.log'), 'utf8').catch(() => '')
    const end = log.trimEnd().split('\n').slice(-5).join('\n')
    throw new Error(`libvirtd does not answer on ${uri}: ${started.stderr.trim()}\nits log ends with:\n${end}`, {
      cause,
    })
  })
  return uri
}

/** Before the daemon starts: in its name space it does not see what is mounted later. */
async function mountSmallFolder({ small }: LabPaths): Promise<void> {
  if (process.getuid?.() !== 0) return
  await mkdir(small, { recursive: true })
  if ((await tryCommand('mountpoint', ['-q', small], { timeoutMs: 10_000 })).status === 0) return
  await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=0700', 'stillshot-lab', small], { timeoutMs: 10_000 })
}

async function answers(uri: string): Promise<boolean> {
  const asked = await tryCommand('virsh', ['--connect', uri, 'version', '--daemon'], { timeoutMs: 30_000 })
  return asked.status === 0
}

/** For a libvirtd whose guests run as root, without virtlogd, cgroups, name spaces and security drivers. */
const QEMU_CONF = `security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`

/**
 * The machine's /etc/libvirt stays as it is: the daemon sees the lab's folder there, in a mount name space of its own.
 * In a chroot the root is no mount point and cannot be made private; there the mount may be seen outside too.
 */
const START_SCRIPT = `mount --make-rslave / 2>/dev/null
mount --bind "$1" /etc/libvirt && exec libvirtd --daemon --config "$1/libvirtd.conf" --pid-file "$2"`

async function startDaemon(paths: LabPaths): Promise<CommandResult> {
  const etc = join(paths.libvirt, 'etc')
  for (const folder of [etc, '/etc/libvirt', '/var/log/libvirt/qemu']) await mkdir(folder, { recursive: true })
  await ensureQemuUser()
  const log = join(paths.libvirt, 'libvirtd.log')
  await writeFile(join(etc, 'qemu.conf'), QEMU_CONF)
  await writeFile(
    join(etc, 'libvirtd.conf'),
    `log_outputs = "3:file:${log}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_group = "root"\n`,
  )
  const ownMounts = ['--mount', '--propagation', 'unchanged', 'sh', '-c', START_SCRIPT, 'sh']
  return tryCommand('unshare', [...ownMounts, etc, join(paths.libvirt, 'libvirtd.pid')], { timeoutMs: 60_000 })
}

/** Ends the libvirtd that the lab started, if it did. Its guests must be gone. Safe twice. */
export async function stopLibvirt(paths: LabPaths): Promise<void> {
  const pid = Number(await readFile(join(paths.libvirt, 'libvirtd.pid'), 'utf8').catch(() => ''))
  // The number may belong to another process by now.
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  if (pid > 1 && name.trim() === 'libvirtd') process.kill(pid)
}

/** libvirtd looks these up before it reads qemu.conf, and ends when one is missing; `kvm` is Ubuntu's. */
async function ensureQemuUser(): Promise<void> {
  const limit = { timeoutMs: 10_000 }
  for (const group of ['libvirt-qemu', 'kvm']) {
    const found = await tryCommand('getent', ['group', group], limit)
    if (found.status !== 0) await runCommand('groupadd', ['--system', group], limit)
  }
  if ((await tryCommand('getent', ['passwd', 'libvirt-qemu'], limit)).status === 0) return
  const home = ['--home-dir', '/var/lib/libvirt', '--no-create-home', '--shell', '/usr/sbin/nologin']
  await runCommand('useradd', ['--system', '--gid', 'libvirt-qemu', ...home, 'libvirt-qemu'], limit)
}
