// runs beside other labs
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { authorizedKeysOptions, type Reach } from '../../src/cli/hook/install-script.ts'
import { execute } from '../adapters/guests/helper/sandbox.ts'
import { type LocalSshd, startSshd } from '../adapters/guests/ssh/local-sshd.ts'
import { openHookHost } from '../adapters/hypervisors/proxmox/vzdump-hook/host.ts'
import { runVzdump } from '../labs/proxmox/vzdump/run-vzdump.ts'

/** The real script, over the real ssh and sshd, to the real stillshot behind its forced command. Nothing listens at `url`. */

const PROGRAM = join(import.meta.dirname, '../../src/stillshot.js')
let sshd: LocalSshd
let reach: Reach & { kind: 'ssh' }

before(async () => {
  sshd = await startSshd()
  sshd.write('pve.token', 'u@pve!t=00000000-0000-4000-8000-000000000000\n')
  const config = sshd.write(
    'stillshot.yaml',
    `hypervisors:
  pve: { kind: proxmox, url: "https://127.0.0.1:1", token: "file:pve.token" }
  other: { kind: proxmox, url: "https://127.0.0.1:2", token: "file:pve.token" }
ssh: { key: client }
vms:
  db1: { hypervisor: pve, id: "100", ssh: { host: 127.0.0.1 } }
  far: { hypervisor: other, id: "200", ssh: { host: 127.0.0.1 } }
state: { directory: state }
`,
  )
  const options = authorizedKeysOptions([process.execPath, PROGRAM, '--config', config, 'hook', 'gate', 'pve'])
  sshd.write('authorized_keys', `${options} ${sshd.publicKey('client')}\n`)
  const { host, port, user } = sshd.target
  reach = {
    ...{ kind: 'ssh', to: { user, host, port }, key: sshd.clientKey },
    knownHosts: sshd.write('known_hosts', `${sshd.name} ${sshd.publicKey('host_ed25519')}\n`),
  }
})

after(() => sshd?.stop())

async function backUp(vmid: number, change: Partial<typeof reach> = {}) {
  const host = await openHookHost('dash', { coordinator: 'good', reach: { ...reach, ...change } })
  const result = await runVzdump(host.job({ vmid }))
  await host.remove()
  return result
}

test('a guest that is not stillshot’s is backed up as ever', async () => {
  for (const vmid of [102, 200]) {
    const { status, log } = await backUp(vmid)
    assert.equal(status, 0, log)
    assert.doesNotMatch(log, /stillshot: /)
  }
})

test('why a guest cannot be held stands in the log of its backup', async () => {
  const { status, log } = await backUp(100)
  assert.equal(status, 255)
  assert.match(log, /INFO: stillshot: VM 100: hypervisor-unreachable .*127\.0\.0\.1:1/)
})

test('a coordinator whose host key is another one is not spoken to', async () => {
  const knownHosts = sshd.write('other_hosts', `${sshd.name} ${sshd.publicKey('client')}\n`)
  const { status, log } = await backUp(100, { knownHosts })
  assert.equal(status, 255)
  assert.match(log, /stillshot: VM 100: Host key verification failed/)
})

const HOSTILE = [
  'sh -i',
  'hook gate other',
  'hook vzdump --hypervisor other backup-start snapshot 200',
  'hook vzdump backup-start snapshot 100; touch hurt',
  'hook vzdump backup-start snapshot $(touch hurt)',
  'snapshot db1',
  '',
]
for (const line of HOSTILE) {
  test(`the host’s key lets nothing else through: ${JSON.stringify(line)}`, async () => {
    const { to, key, knownHosts } = reach
    const options = [
      '-F',
      '/dev/null',
      '-T',
      '-i',
      key,
      '-o',
      'BatchMode=yes',
      '-o',
      `UserKnownHostsFile=${knownHosts}`,
    ]
    const words = [...options, '-p', String(to.port), '-l', to.user, to.host, ...(line === '' ? [] : [line])]
    const { status, stdout, stderr } = await execute('ssh', words)
    assert.deepEqual([status, stdout], [13, ''])
    assert.match(stderr, /\(usage\)/)
  })
}

test('files and ports do not go through the host’s key', async () => {
  const { to, key, knownHosts } = reach
  const common = ['-F', '/dev/null', '-i', key, '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${knownHosts}`]
  const there = ['-p', String(to.port), '-l', to.user, to.host]
  assert.deepEqual((await execute('ssh', [...common, '-s', ...there, 'sftp'])).stdout, '')
  const forward = await execute('ssh', [...common, '-W', '127.0.0.1:22', ...there])
  assert.notEqual(forward.status, 0)
  assert.match(forward.stderr, /prohibited|failed/)
})
