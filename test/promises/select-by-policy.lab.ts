// runs beside other labs
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MemoryMachine } from '../labs/proxmox/machines/memory-machine.ts'
import { openStandIn, type StandIn } from '../labs/proxmox/stand-in.ts'
import { openSimulator, PASSWORD, type Simulator, USERNAME } from '../labs/vsphere/simulator.ts'
import { stillshotCommand } from '../stillshot-command.ts'

const { newHome, stillshot } = stillshotCommand()
let pve: StandIn
let vc: Simulator
let home: string

const TOKEN = 'stillshot@pve!policy'
const SECRET = '0f0e0d0c-0000-4000-8000-000000000003'
const GIB = 1024 ** 3

before(async () => {
  pve = await openStandIn({
    nodes: ['pve1', 'pve2'],
    users: [{ user: 'stillshot@pve' }],
    tokens: [{ token: TOKEN, secret: SECRET, separated: false }],
  })
  pve.grant('stillshot@pve', '/vms', 'VM.Audit')
  const guest = (vmid: number, name: string, more: { node?: string; pool?: string; tags?: string }) => {
    const { tags, ...where } = more
    const config = { name, memory: '512', smbios1: `uuid=5f6dd4d3-9f30-4d3e-8b6e-6a3c0d3f0${vmid}` }
    const machine = new MemoryMachine([])
    pve.addGuest({ vmid, machine, config: { ...config, ...(tags === undefined ? {} : { tags }) }, ...where })
  }
  guest(100, 'alpha', { tags: 'database;gold', pool: 'production/db' })
  guest(101, 'beta', { tags: 'database', node: 'pve2' })
  guest(102, 'gamma', { tags: 'web' })
  const vms = ['delta', 'epsilon', 'zeta'].map((name) => ({ name, disks: [{ sizeBytes: GIB }] }))
  vc = await openSimulator({
    vms: vms.map((vm) =>
      vm.name === 'zeta' ? vm : { ...vm, folder: 'databases', cluster: 'blue', tags: ['use/database'] },
    ),
  })
  home = newHome()
  writeFileSync(join(home, 'ca.pem'), pve.certificate.ca)
  writeFileSync(join(home, 'stillshot.yaml'), configuration(), { mode: 0o600 })
})

after(async () => {
  await pve?.close()
  await vc?.close()
})

/** Nobody listens where the guests would be: what is asked of the hypervisors is answered all the same. */
function configuration(): string {
  const vm = (hypervisor: string, id: string) =>
    `{ hypervisor: ${hypervisor}, id: ${JSON.stringify(id)}, ssh: { host: 127.0.0.1, port: 1 } }`
  return `hypervisors:
  pve: { kind: proxmox, url: "${pve.url}", ca: ca.pem, token: "env:TOKEN" }
  vc: { kind: vsphere, url: "${vc.url}", ca: ${vc.authorityPath}, username: ${USERNAME}, password: "env:PASSWORD" }
ssh: { key: id_ed25519 }
vms:
  a: ${vm('pve', '100')}
  b: ${vm('pve', 'beta')}
  c: ${vm('pve', '5f6dd4d3-9f30-4d3e-8b6e-6a3c0d3f0102')}
  d: ${vm('vc', '/DC0/vm/databases/delta')}
  z: ${vm('vc', 'zeta')}
policies:
  tag: { select: { tag: database }, schedule: "0 2 * * *", keep: { last: 3 } }
  pool: { select: { pool: production, node: pve1 }, schedule: "0 2 * * *" }
  folder: { select: { folder: /DC0/vm/databases }, schedule: "0 2 * * *", keep: { daily: 7 } }
  cluster: { select: { cluster: blue, exclude: ["eps*"] }, schedule: "0 2 * * *" }
state: { directory: state }
`
}

async function run(...argv: readonly string[]) {
  const config = join(home, 'stillshot.yaml')
  const environment = { HOME: home, TOKEN: `${TOKEN}=${SECRET}`, PASSWORD }
  const ran = await stillshot(['--config', config, '--json', ...argv], environment)
  return { ...ran, document: JSON.parse(ran.stdout) }
}

interface Unsecured {
  readonly hypervisor: string
  readonly name: string
}

test('each policy selects by what the hypervisors say, and names what has no entry', async () => {
  const expected: Readonly<Record<string, [selected: readonly string[], unsecured: readonly string[]]>> = {
    tag: [['a', 'b', 'd'], ['vc epsilon']],
    pool: [['a'], []],
    cluster: [['d'], []],
  }
  for (const [name, [selected, unsecured]] of Object.entries(expected)) {
    const { document, stdout } = await run('check', '--policy', name)
    const { policy } = document
    const named = policy?.unsecured.map(({ hypervisor, name }: Unsecured) => `${hypervisor} ${name}`)
    assert.deepEqual([policy?.selected, named, policy?.unasked], [selected, unsecured, []], stdout)
  }
})

test('retention asks the same question', async () => {
  const { document, status } = await run('prune', '--dry-run')
  assert.equal(status, 0)
  const policies = document.reports.map(({ vm, policies }: { vm: string; policies: readonly string[] }) => [
    vm,
    policies,
  ])
  assert.deepEqual(policies, [
    ['a', ['tag']],
    ['b', ['tag']],
    ['d', ['tag', 'folder']],
  ])
})

test('where a hypervisor cannot be asked, its VMs are refused by name, and those of the other are not', async () => {
  await vc.rule({ method: 'POST /com/vmware/cis/session', status: 503, times: 2 })
  const pruned = await run('prune', '--dry-run')
  assert.equal(pruned.status, 20)
  const reports = pruned.document.reports.map(({ vm }: { vm: string }) => vm)
  const failed = pruned.document.failed.map(({ vm, code }: { vm: string; code: string }) => [vm, code])
  assert.deepEqual(
    [reports, failed],
    [
      ['a', 'b'],
      [
        ['d', 'hypervisor-unreachable'],
        ['z', 'hypervisor-unreachable'],
      ],
    ],
  )
})
