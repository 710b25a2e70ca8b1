// runs natively
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { refusalsOf } from './refusals.ts'
import { answers, type FailedDocument } from './subject.ts'

/** What does not depend on the hypervisor; what does is in refused-on-libvirt.lab.ts. */
let subject: ContainerSubject
before(async () => {
  subject = await openContainerSubject('refused')
})
after(() => subject?.close())

const { refused, withConfig } = refusalsOf(() => subject)

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
