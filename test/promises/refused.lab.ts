import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { labPaths } from '../labs/paths.ts'
import { answers, type FailedDocument, invocation, openSubject, type Subject } from './subject.ts'

let subject: Subject
let config: string
before(async () => {
  subject = await openSubject('refused')
  config = await subject.cli.readConfig()
})
after(() => subject?.guest.destroy())

interface Expected {
  readonly status: number
  readonly code: string
  /** What the message or the hint must name. */
  readonly says: RegExp
}

/** Runs a snapshot that must be refused: the error is clear, and nothing was stopped. */
async function refused(expected: Expected, ...args: readonly string[]): Promise<void> {
  const { guest, cli } = subject
  const before = await invocation(guest)
  const result = await cli.run('--json', ...(args.length > 0 ? args : ['snapshot', cli.vm]))
  const document = JSON.parse(result.stdout) as FailedDocument
  const error = document.error ?? document.failed?.[0]
  assert.equal(error?.code, expected.code, result.stdout + result.stderr)
  assert.equal(result.status, expected.status, result.stdout)
  assert.match(`${error?.message} ${error?.hint}`, expected.says)
  assert.equal(await invocation(guest), before, 'the server was not touched')
  assert.equal(await answers(guest), true)
}

async function withConfig(change: (text: string) => string, work: () => Promise<void>): Promise<void> {
  await subject.cli.writeConfig(change(config))
  try {
    await work()
  } finally {
    await subject.cli.writeConfig(config)
  }
}

test('an unknown key in the configuration names its place', () =>
  withConfig(
    (text) => text.replace('hold:', 'holdd:'),
    () => refused({ status: 10, code: 'config-invalid', says: /holdd/ }),
  ))

test('a VM that is not configured', () =>
  refused({ status: 14, code: 'vm-not-configured', says: /nobody/ }, 'snapshot', 'nobody'))

test('modes that this version does not know are refused by name', () =>
  refused({ status: 15, code: 'not-supported', says: /lock/ }, 'snapshot', subject.cli.vm, '--mode', 'lock'))

test('a key that others can read, and one that is not there', async () => {
  const path = join(subject.cli.folder, 'open-key')
  await copyFile(subject.guest.userKeyPath, path)
  await chmod(path, 0o644)
  const use = (text: string) => text.replace(subject.guest.userKeyPath, path)
  await withConfig(use, () => refused({ status: 11, code: 'config-unsafe', says: /open-key/ }))
  await withConfig(
    (text) => use(text).replace('open-key', 'no-key'),
    () => refused({ status: 12, code: 'secret-unreadable', says: /no-key/ }),
  )
})

test('a changed host key', async () => {
  const path = join(subject.cli.folder, 'known_hosts')
  const line = await subject.guest.knownHostsLine()
  const other = 'AAAAC3NzaC1lZDI1NTE5AAAAIIq5N1YtYrLQ0MoJjO0g7cKQ0y2zC4S2mBq3R5l0wJmN'
  await writeFile(path, `${line.split(' ').slice(0, 2).join(' ')} ${other}\n`)
  try {
    await refused({ status: 31, code: 'host-key-changed', says: /SHA256:/ })
    await writeFile(path, '')
    await refused({ status: 31, code: 'host-key-unknown', says: /trust/ })
  } finally {
    await writeFile(path, `${line}\n`)
  }
})

test('a secret file that others can read', async () => {
  const path = join(subject.cli.folder, 'secret')
  await writeFile(path, 'hunter2\n', { mode: 0o644 })
  const use = (text: string) =>
    text.replace('    hold:', `    database: { user: root, password: "file:${path}" }\n    hold:`)
  await withConfig(use, () => refused({ status: 12, code: 'secret-unreadable', says: /secret/ }))
})

test('sudo that does not let us run the helper', async () => {
  const { guest } = subject
  await guest.run('mv /etc/sudoers.d/stillshot /root/sudoers')
  try {
    await refused({ status: 33, code: 'sudo-refused', says: /sudo/ })
  } finally {
    await guest.run('mv /root/sudoers /etc/sudoers.d/stillshot')
  }
})

test('a helper that is missing or altered', async () => {
  const { guest } = subject
  const helper = '/usr/local/sbin/stillshot-guest'
  await guest.run(`cp -p ${helper} /root/helper`)
  try {
    await guest.run(`rm ${helper}`)
    await refused({ status: 34, code: 'helper-missing', says: /guest install/ })
    await guest.run(`cp -p /root/helper ${helper} && echo '# altered' >> ${helper}`)
    await refused({ status: 34, code: 'helper-altered', says: /sha256/ })
  } finally {
    await guest.run(`mv -f /root/helper ${helper}`)
  }
})

test('a VM that the hypervisor does not know', () =>
  withConfig(
    (text) => text.replace(subject.guest.domain, 'no-such-vm'),
    () => refused({ status: 22, code: 'vm-not-found', says: /no-such-vm/ }),
  ))

test('a time to live shorter than the forecast', () =>
  withConfig(
    (text) => text.replace(/hold: .*/, 'hold: { ttl: 5s, budget: 4s }'),
    () => refused({ status: 41, code: 'preflight-refused', says: /hold.ttl/ }),
  ))

test('innodb_fast_shutdown = 2', async () => {
  await subject.guest.sql('SET GLOBAL innodb_fast_shutdown = 2')
  try {
    await refused({ status: 41, code: 'preflight-refused', says: /innodb_fast_shutdown/ })
  } finally {
    await subject.guest.sql('SET GLOBAL innodb_fast_shutdown = 1')
  }
})

test('a second server on the machine', async () => {
  const { guest } = subject
  await guest.run('cp /bin/sleep /run/mariadbd && (setsid /run/mariadbd 600 </dev/null >/dev/null 2>&1 &)')
  try {
    await refused({ status: 41, code: 'preflight-refused', says: /mariadbd/ })
  } finally {
    await guest.run('pkill -f "/run/mariadbd 600"')
  }
})

test('a run on the same VM under way', async () => {
  const { cli, guest } = subject
  const { hold } = await cli.json<{ hold: { id: string } }>('hold', cli.vm)
  const result = await cli.run('--json', 'snapshot', cli.vm)
  const error = (JSON.parse(result.stdout) as FailedDocument).failed?.[0]
  await cli.json('release', hold.id)
  assert.equal(error?.code, 'run-under-way', result.stdout)
  assert.equal(result.status, 51)
  assert.equal(await answers(guest), true)
})

test('a table on a disk that no snapshot contains', async () => {
  const { guest, lab } = subject
  const image = join(guest.folder, 'shared.raw')
  const xml = join(guest.folder, 'shared.xml')
  await writeFile(image, Buffer.alloc(64 * 1024 * 1024))
  execFileSync('mkfs.ext4', ['-q', image])
  await writeFile(
    xml,
    `<disk type='file' device='disk' snapshot='no'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vdc' bus='virtio'/><serial>left-out</serial></disk>`,
  )
  await lab.virsh(['attach-device', guest.domain, xml, '--live'])
  await guest.run(
    'i=0; while [ ! -b /dev/vdc ] && [ $i -lt 100 ]; do sleep 0.2; i=$((i+1)); done; mkdir -p /srv/shared && mount /dev/vdc /srv/shared && install -d -o mysql /srv/shared/t',
  )
  await guest.sql(
    "CREATE DATABASE IF NOT EXISTS far; CREATE TABLE far.t (a INT) ENGINE=InnoDB DATA DIRECTORY='/srv/shared/t'",
  )
  try {
    await refused({ status: 41, code: 'preflight-refused', says: /vdc/ })
  } finally {
    await guest.sql('DROP DATABASE far')
    await guest.run('umount /srv/shared')
    await lab.virsh(['detach-device', guest.domain, xml, '--live'])
  }
})

test('no space for the overlay', async () => {
  const { guest, lab } = subject
  const { small } = labPaths()
  const xml = join(guest.folder, 'small.xml')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(small, 'data.qcow2'), '8G'])
  await writeFile(
    xml,
    `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${small}/data.qcow2'/><target dev='vdd' bus='virtio'/></disk>`,
  )
  await lab.virsh(['attach-device', guest.domain, xml, '--live'])
  try {
    await refused({ status: 28, code: 'storage-full', says: /small/ })
  } finally {
    await lab.virsh(['detach-device', guest.domain, xml, '--live'])
    await rm(join(small, 'data.qcow2'))
  }
})

test('the SSH host is another machine than the VM', async () => {
  const { guest, lab } = subject
  const other = `${guest.domain}-other`
  const xml = join(guest.folder, 'other.xml')
  await writeFile(
    xml,
    `<domain type='qemu'><name>${other}</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>`,
  )
  await lab.virsh(['create', xml])
  try {
    await withConfig(
      (text) => text.replace(`id: ${guest.domain}`, `id: ${other}`),
      () => refused({ status: 41, code: 'preflight-refused', says: /SMBIOS UUID/ }),
    )
  } finally {
    await lab.virsh(['destroy', other])
  }
})

test('a key bound to the gate lets stillshot work, and nothing else', async () => {
  const { guest, cli } = subject
  const keys = `/home/${guest.user}/.ssh/authorized_keys`
  await guest.run(
    `cp -p ${keys} /root/keys && sed -i 's#^#restrict,command="/usr/local/sbin/stillshot-guest gate" #' ${keys}`,
  )
  const options = ['-F', '/dev/null', '-o', `UserKnownHostsFile=${guest.knownHostsPath}`, '-o', 'IdentitiesOnly=yes']
  const ssh = (command: string) =>
    spawnSync('ssh', [
      ...options,
      '-i',
      guest.userKeyPath,
      '-p',
      String(guest.sshPort),
      `${guest.user}@${guest.host}`,
      command,
    ])
  try {
    const helper = 'sudo -n /usr/local/sbin/stillshot-guest'
    assert.equal(ssh(`${helper} status`).status, 0)
    for (const command of [
      'id',
      '',
      `${helper} status; id`,
      `${helper} status $(id)`,
      `${helper} expire 01K0000000000000000000DEAD`,
      'sudo -n id',
    ]) {
      const { status, stdout } = ssh(command)
      assert.notEqual(status, 0, command)
      assert.doesNotMatch(stdout.toString(), /uid=/, command)
    }
    assert.equal((await cli.run('check', cli.vm)).status, 0)
  } finally {
    await guest.run(`mv -f /root/keys ${keys}`)
  }
})

test('a VM that is off', async () => {
  const { guest, cli } = subject
  await guest.powerOff()
  const result = await cli.run('--json', 'snapshot', cli.vm)
  assert.match(result.stdout, /vm-not-running/)
  assert.equal(result.status, 23, result.stdout)
})

test('a repository on the file system of the images of the VM, whatever else is wrong with it', async () => {
  const beside = `repositories:\n  beside: { kind: directory, path: ${labPaths().folder}, mount: false }\n`
  const says = /lies on the storage of the VM: .* are both on .*use a repository on another storage/s
  await withConfig(
    (text) =>
      text
        .replace(/^ {4}hold:/m, '    backup: { repository: beside }\n    hold:')
        .replace(/^state:/m, `${beside}state:`),
    () => refused({ status: 53, code: 'repository-unusable', says }, 'backup', subject.cli.vm),
  )
})
