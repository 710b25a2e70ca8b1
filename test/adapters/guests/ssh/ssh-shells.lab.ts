// runs beside other labs
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { SshShells } from '../../../../adapters/guests/ssh/ssh-shells.ts'
import { NodeClock } from '../../../../adapters/system/node-clock.ts'
import { testGuestShells } from '../../../conformance/guest-shell.ts'
import { type GuestUnderTest, until } from '../../../conformance/guest-shell-subject.ts'
import { type LocalSshd, startSshd } from './local-sshd.ts'

let sshd: LocalSshd
let guest: GuestUnderTest

before(async () => {
  sshd = await startSshd()
  guest = guestOf(sshd)
})
after(() => sshd.stop())

testGuestShells('ssh', () => guest)

function guestOf(sshd: LocalSshd): GuestUnderTest {
  const { target, name, clientKey } = sshd
  const own = `${name} ${sshd.publicKey('host_ed25519')}\n`
  sshd.makeKey('other')
  const paths = {
    own: sshd.write('known_hosts', own),
    changed: sshd.write('known_hosts.changed', `${name} ${sshd.publicKey('other')}\n`),
    missing: join(sshd.folder, 'missing'),
  }
  const shells = (knownHostsPath: string, keyPath = clientKey) =>
    new SshShells({ clock: new NodeClock(), keyPath, knownHostsPath, connectTimeoutMs: 10_000, keepAliveMs: 5_000 })
  mkdirSync(join(sshd.folder, 'work'))
  return {
    shells: shells(paths.own),
    target,
    folder: join(sshd.folder, 'work'),
    refusals: {
      'guest-unreachable': { shells: shells(paths.own), target: { ...target, port: 1 } },
      'host-key-unknown': { shells: shells(paths.missing), target },
      'host-key-changed': { shells: shells(paths.changed), target },
      'guest-login-refused': { shells: shells(paths.own, sshd.makeKey('stranger')), target },
    },
    cut: async () => {
      for (const pid of sshd.sessions()) process.kill(pid, 'SIGKILL')
      await until(async () => sshd.sessions().length === 0)
    },
    connections: async () => sshd.sessions().length,
  }
}
