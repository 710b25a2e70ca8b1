// runs beside other labs
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  openSimulator,
  PASSWORD,
  type Simulator,
  type SimulatorOptions,
  USERNAME,
} from '../../../labs/vsphere/simulator.ts'
import { stillshotCommand } from '../../../stillshot-command.ts'

const { newHome, stillshot } = stillshotCommand()
const opened: Simulator[] = []

after(async () => {
  for (const each of opened) await each.close()
})

const VMS = [{ name: 'db1', folder: 'databases', tags: ['use/database'], disks: [{ sizeBytes: 1024 ** 3 }] }]

async function open(options: SimulatorOptions = {}): Promise<Simulator> {
  // A host by itself has neither folders nor tags.
  const vms = options.esx ? VMS.map(({ name, disks }) => ({ name, disks })) : VMS
  const simulator = await openSimulator({ vms, ...options })
  opened.push(simulator)
  return simulator
}

/** One machine that runs stillshot, whose hypervisor `vc` is answered by whom `at` says. */
function coordinator() {
  const home = newHome()
  const config = join(home, 'stillshot.yaml')
  const at = (server: Simulator) =>
    writeFileSync(
      config,
      `hypervisors:
  vc: { kind: vsphere, url: "${server.url}", ca: ${server.authorityPath}, username: ${USERNAME}, password: "env:PASSWORD" }
ssh: { key: id_ed25519 }
vms: { db1: { hypervisor: vc, id: db1, ssh: { host: 127.0.0.1, port: 1 } } }
policies: { tag: { select: { tag: database }, schedule: "0 2 * * *", keep: { last: 3 } } }
state: { directory: state }
`,
      { mode: 0o600 },
    )
  const run = async (...argv: readonly string[]) => {
    const ran = await stillshot(['--config', config, '--json', ...argv], { HOME: home, PASSWORD })
    return { ...ran, document: JSON.parse(ran.stdout) }
  }
  return { at, run, record: join(home, 'state/servers/vc.json') }
}

async function secretsSentTo(server: Simulator): Promise<number> {
  const { calls } = await server.state()
  return (calls.Login ?? 0) + (calls['POST /com/vmware/cis/session'] ?? 0)
}

test('a vCenter in the place of another one is refused before it sees a secret, by every command that asks it', async () => {
  const [first, second] = [await open(), await open()]
  const { at, run, record } = coordinator()
  at(first)
  assert.notEqual((await run('check', 'db1')).status, 57)
  assert.match(readFileSync(record, 'utf8'), /"product":"vCenter"/)
  at(second)
  for (const argv of [
    ['check', 'db1'],
    ['snapshot', 'db1'],
    ['prune', '--dry-run'],
    ['check', '--policy', 'tag'],
  ]) {
    const ran = await run(...argv)
    assert.equal(ran.status, 57, `${argv.join(' ')}: ${ran.stdout}${ran.stderr}`)
  }
  assert.equal(await secretsSentTo(second), 0)
  at(first)
  assert.notEqual((await run('check', 'db1')).status, 57)
})

test('a new vCenter is taken when somebody says that it is meant, and no password is needed for that', async () => {
  const [first, second] = [await open(), await open({ instanceUuid: '0f000000-0000-4000-8000-000000000002' })]
  const { at, run } = coordinator()
  at(first)
  await run('check', 'db1')
  at(second)
  assert.equal((await run('trust-server', 'vc', '--yes')).status, 57)
  assert.equal((await run('trust-server', 'vc', '--id', 'another', '--replace')).status, 57)
  const taken = await run('trust-server', 'vc', '--id', '0f000000-0000-4000-8000-000000000002', '--replace')
  assert.deepEqual([taken.status, taken.document.recorded], [0, true], taken.stdout)
  assert.equal(await secretsSentTo(second), 0)
  assert.notEqual((await run('check', 'db1')).status, 57)
  at(first)
  assert.equal((await run('check', 'db1')).status, 57)
})

test('an ESXi host in the place of a vCenter is refused before it sees a secret', async () => {
  const [vcenter, esx] = [await open(), await open({ esx: true })]
  const { at, run } = coordinator()
  at(vcenter)
  await run('check', 'db1')
  at(esx)
  assert.equal((await run('check', 'db1')).status, 57)
  assert.equal(await secretsSentTo(esx), 0)
})

test('another ESXi host is told by its machine, and asked for nothing else', async () => {
  const [first, second] = [await open({ esx: true }), await open({ esx: true })]
  const { at, run, record } = coordinator()
  at(first)
  await run('check', 'db1')
  assert.match(readFileSync(record, 'utf8'), /"product":"ESXi","id":"/)
  at(second)
  assert.equal((await run('check', 'db1')).status, 57)
  const { calls, sessions } = await second.state()
  assert.deepEqual([calls.FindAllByUuid, calls.CreateContainerView, sessions], [undefined, undefined, 0])
  at(first)
  assert.notEqual((await run('check', 'db1')).status, 57)
})

test('a server whose login failed is not taken for the one that is meant', async () => {
  const [wrong, right] = [await open(), await open()]
  const { at, run } = coordinator()
  await wrong.rule({ method: 'Login', where: 'call', fault: 'InvalidLogin', times: 9 })
  at(wrong)
  assert.equal((await run('check', 'db1')).status, 21)
  at(right)
  assert.notEqual((await run('check', 'db1')).status, 57)
})
