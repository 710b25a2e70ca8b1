// runs natively
// time limit: 1200 s
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { SshShells } from '../../adapters/guests/ssh/ssh-shells.ts'
import { NodeClock } from '../../adapters/system/node-clock.ts'
import { GuestHelper } from '../../src/guest/guest-helper.ts'
import { HELPER_PATH } from '../../src/guest/helper-path.ts'
import type { HoldAnswer } from '../../src/guest/protocol/answers.ts'
import { hasCode } from '../conformance/guest-shell-subject.ts'
import { tryCommand } from '../labs/command.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import type { NativeGuest } from '../labs/container/native-guest.ts'
import { GuestSsh } from '../labs/guest-ssh.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'

const HOLD = '01JDABCDEFGHJKMNPQRSTVWXYZ'

let subject: ContainerSubject
let guest: NativeGuest
let cli: StillshotCli
let user: GuestSsh

before(async () => {
  subject = await openContainerSubject('attack')
  ;({ guest, cli } = subject)
  user = new GuestSsh({
    host: guest.host,
    port: guest.sshPort,
    user: guest.user,
    keyPath: guest.userKeyPath,
    knownHostsPath: guest.knownHostsPath,
    controlPath: join(tmpdir(), `stillshot-attack-${guest.uuid}`),
  })
})
after(async () => {
  await user?.close()
  await subject?.close()
})

/** Everything that the user tried in one go: "status<TAB>first line" of each. */
async function tryAll(commands: readonly string[]): Promise<Map<string, { status: number; said: string }>> {
  const script = commands.map(
    (command) => `said=$(${command} 2>&1 </dev/null); printf '%s\\t%s\\n' $? "$(echo "$said" | head -n 1)"`,
  )
  const { stdout } = await user.try('sh -s', { input: `${script.join('\n')}\n`, timeoutMs: 240_000 })
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, commands.length, stdout)
  return new Map(
    commands.map((command, index) => {
      const [status, said = ''] = (lines[index] ?? '').split('\t')
      return [command, { status: Number(status), said }]
    }),
  )
}

describe('the line of sudoers', () => {
  test('is one, is understood by visudo, and its file and what it names are root’s alone', async () => {
    await guest.run('visudo -cqf /etc/sudoers.d/stillshot && visudo -cq')
    assert.equal(await guest.run('cat /etc/sudoers.d/stillshot'), `${guest.user} ALL=(root) NOPASSWD: ${HELPER_PATH}\n`)
    const modes = await guest.run(
      `stat -c '%U:%G %a' /etc/sudoers.d/stillshot ${HELPER_PATH} /usr/local/sbin /etc/stillshot /etc/stillshot/profiles /etc/stillshot/profiles/mysql`,
    )
    assert.deepEqual(modes.trim().split('\n'), ['root:root 440', ...Array(4).fill('root:root 755'), 'root:root 644'])
  })

  test('lets the user run nothing but the helper, as nobody but root, with nothing of his environment', async () => {
    const refused = [
      'sudo -n sh -c id',
      'sudo -n -s',
      'sudo -n -e /etc/shadow',
      `sudo -n LD_PRELOAD=/tmp/x.so ${HELPER_PATH} version`,
      `sudo -n -E ${HELPER_PATH} version`,
      `sudo -n --preserve-env=HOME ${HELPER_PATH} version`,
      `sudo -n -u '#-1' ${HELPER_PATH} version`,
      `sudo -n -u mysql ${HELPER_PATH} version`,
      `sudo -n -D /tmp ${HELPER_PATH} version`,
      `ln -sf ${HELPER_PATH} /tmp/alias; sudo -n /tmp/alias version`,
      `cp ${HELPER_PATH} /tmp/copy; sudo -n /tmp/copy version`,
      `sudo -n sh ${HELPER_PATH} version`,
      `sudo -n ${HELPER_PATH}.new version`,
    ]
    for (const [command, { status, said }] of await tryAll(refused)) {
      assert.equal(status, 1, `${command}: ${said}`)
      assert.match(said, /^sudo: /, command)
    }
  })

  test('lets through no word that is no verb’s, nor an installation', async () => {
    const words = [
      '',
      "'version;id'",
      'install',
      '-c id',
      'release ../../../../tmp/x',
      `hold mysql ${HOLD} 99999999999999999999 0`,
      `hold ../../tmp/evil ${HOLD} 60000 10000`,
    ]
    const commands = words.map((word) => `sudo -n ${HELPER_PATH} ${word}`)
    for (const [command, { status, said }] of await tryAll(commands)) {
      assert.equal(status, 2, `${command}: ${said}`)
      assert.match(said, /^stillshot-guest: /, command)
    }
    const writing = [
      `: >>${HELPER_PATH}`,
      ': >/etc/stillshot/profiles/x',
      ': >/run/stillshot/x',
      'mkdir /run/stillshot/holds/x',
    ]
    for (const [command, { status }] of await tryAll(writing.map((line) => `sh -c '${line}'`)))
      assert.notEqual(status, 0, command)
  })
})

describe('a hostile user and a hostile user of the server during a hold', () => {
  test('make it neither hang nor leak, and the database comes back', async () => {
    const data = (await guest.sql('SELECT @@datadir')).trim()
    await guest.run(
      `runuser -u mysql -- sh -c 'ln -s /etc/shadow ${data}/ib_logfile7; mkfifo ${data}/ib_logfile8; ln -s /etc ${data}/elsewhere'`,
    )
    const hostile = `cp /bin/sleep /tmp/mysqld; for i in $(seq 70); do /tmp/mysqld 300 >/dev/null 2>&1 & done
      ulimit -f 1; ulimit -n 24; ulimit -t 5; cd /tmp && mkdir gone && cd gone && rmdir ../gone
      export PATH=/tmp:$PATH IFS=0 ENV=/tmp/x TMPDIR=/tmp/none LC_ALL=tr_TR.UTF-8 TZ=:/etc/shadow
      /usr/bin/nice -n 19 /usr/bin/env --block-signal=CHLD,TERM --ignore-signal=PIPE,CHLD \\
        /usr/bin/sudo -n ${HELPER_PATH} hold mysql ${HOLD} 90000 20000 >/tmp/held 2>/tmp/errors &
      until pgrep -f "^/bin/sh ${HELPER_PATH} hold" >/tmp/helpers || grep -q "^State:.Z" /proc/$!/status; do :; done
      for signal in TERM QUIT STOP KILL; do kill -s $signal $(pgrep -f "^/usr/bin/sudo -n ${HELPER_PATH} hold"); done
      kill -s KILL $(cat /tmp/helpers) 2>/dev/null && echo 'killed the helper'
      wait $!; echo 'his script has ended'`
    const { stdout } = await user.try('sh -s', { input: hostile, timeoutMs: 240_000 })
    assert.equal(stdout, 'his script has ended\n', 'and it did not kill the helper')
    // Whatever became of his call, the next one ends it: as the coordinator does after a lost answer.
    const released = await user.try(`sudo -n ${HELPER_PATH} release ${HOLD}`)
    assert.equal(released.status, 0, released.stdout + released.stderr)
    assert.equal((await guest.run('systemctl is-active mariadb')).trim(), 'active')
    assert.equal(await guest.sql('SELECT 1'), '1')
    const shadow = (await guest.run('head -c 16 /etc/shadow | od -A n -t x1 -v')).replace(/\s/g, '')
    const collected = await user.run(`sudo -n ${HELPER_PATH} collect ${HOLD}`)
    assert.equal((collected + released.stdout).includes(shadow), false)
    const { holdAnswer } = JSON.parse(collected) as { holdAnswer: HoldAnswer | null }
    assert.ok((holdAnswer?.dbms?.processes.length ?? 0) <= 50)
    await guest.run(`pkill -x mysqld; rm -f ${data}/ib_logfile7 ${data}/ib_logfile8 ${data}/elsewhere`)
  })
})

describe('the forced command', () => {
  const keys = '/home/stillshot/.ssh/authorized_keys'
  before(async () => {
    await user.close()
    await guest.run(
      `cp -p ${keys} /root/user-keys; sed -i 's|^|restrict,command="${HELPER_PATH} gate" |' ${keys}
      echo 'touch /tmp/rc-ran' >/home/stillshot/.ssh/rc; echo LD_PRELOAD=/tmp/x.so >/home/stillshot/.ssh/environment
      echo 'touch /tmp/rc-ran' >/home/stillshot/.profile; rm -f /tmp/rc-ran`,
    )
  })
  after(async () => {
    await user.close()
    await guest.run(`mv -f /root/user-keys ${keys}`)
  })

  test('lets a verb through, as stillshot asks for it', async () => {
    const { status, stdout } = await user.try(`sudo -n ${HELPER_PATH} version`)
    assert.equal(status, 0)
    assert.equal(JSON.parse(stdout).verb, 'version')
  })

  test('lets no other command through, in whatever form', async () => {
    const lines = [
      'id',
      'sh -s',
      'version; id',
      'version && id',
      'version | sh',
      'version $(id)',
      'version `id`',
      'version\nid',
      'version\tid',
      "version 'a b'",
      "'version",
      'sudo -n -u mysql id',
      `sudo -n ${HELPER_PATH} gate`,
      `sudo -n ${HELPER_PATH} expire ${HOLD}`,
      `sudo -n ${HELPER_PATH} watch ${HOLD} 1`,
      `FOO=x sudo -n ${HELPER_PATH} version`,
      `sudo -E ${HELPER_PATH} version`,
      'scp -t /tmp',
      '/usr/lib/openssh/sftp-server',
      `version ${'a'.repeat(1000)}`,
      'version \u00e9\u2028',
    ]
    for (const line of lines) {
      const { status, stdout } = await user.try(line)
      assert.deepEqual([line, status, stdout], [line, 2, ''])
    }
  })

  test('lets neither files nor ports nor a terminal through, and runs nothing of the user’s own', async () => {
    const ssh = (...args: readonly string[]) => {
      const [first, second, ...rest] = user.arguments('').slice(0, -2)
      const own = rest.filter(
        (word, index) => !(word.startsWith('ControlPath') || rest[index + 1]?.startsWith('ControlPath')),
      )
      const to = `${guest.user}@${guest.host}`
      return tryCommand(
        'ssh',
        [first ?? '', second ?? '', ...own, '-S', 'none', ...args.map((word) => (word === '@' ? to : word))],
        {
          timeoutMs: 30_000,
        },
      )
    }
    const sftp = await ssh('-s', '@', 'sftp')
    assert.deepEqual([sftp.status, sftp.stdout], [2, ''])
    const ports = await ssh('-W', '127.0.0.1:22', '@')
    assert.notEqual(ports.status, 0)
    assert.doesNotMatch(ports.stdout, /SSH-2\.0/)
    const back = await ssh('-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22', '@', 'version')
    assert.equal(back.status, 255)
    const terminal = await ssh('-tt', '-A', '@', 'version')
    assert.match(terminal.stderr + terminal.stdout, /PTY allocation request failed/)
    assert.equal((await guest.try('ls /tmp/rc-ran')).status, 2)
    assert.equal((await guest.run('ls /tmp')).includes('ssh-'), false)
  })
})

describe('a helper that is not ours', () => {
  const shells = () =>
    new SshShells({
      clock: new NodeClock(),
      keyPath: guest.userKeyPath,
      knownHostsPath: guest.knownHostsPath,
      connectTimeoutMs: 30_000,
      keepAliveMs: 10_000,
    })

  async function asked(): Promise<unknown> {
    const target = { vm: guest.name, host: guest.host, port: guest.sshPort, user: guest.user }
    const helper = new GuestHelper({ shells: shells(), target, clock: new NodeClock() })
    try {
      return await helper.hold('mysql', HOLD, { ttlMs: 60_000, startMs: 10_000 }, {})
    } finally {
      await helper.close()
    }
  }

  test('is found out when it was changed, cut short, or answers for another hold or without an end', async () => {
    await guest.run(`cp -p ${HELPER_PATH} /root/helper`)
    try {
      await guest.run(`echo '# changed' >>${HELPER_PATH}`)
      const snapshot = await cli.run('--json', 'snapshot', guest.name)
      assert.match(snapshot.stdout, /"helper-altered"/)
      const lies: readonly (readonly [string, Parameters<typeof hasCode>[0]])[] = [
        [`head -c 60000 /root/helper`, 'helper-failed'],
        [
          `printf '#!/bin/sh\\ncat <<END\\n{"version":1,"protocol":1,"verb":"hold","hold":"01JDABCDEFGHJKMNPQRSTVWXY0","ok":true,"error":null}\\nEND\\n'`,
          'helper-answer-invalid',
        ],
        [`printf '#!/bin/sh\\nexec yes "{}"\\n'`, 'helper-answer-invalid'],
      ]
      for (const [write, code] of lies) {
        await guest.run(`${write} >${HELPER_PATH}`)
        await assert.rejects(asked(), hasCode(code), write)
      }
      assert.equal((await guest.run('systemctl is-active mariadb')).trim(), 'active')
    } finally {
      await guest.run(`mv -f /root/helper ${HELPER_PATH}`)
    }
  })
})
