import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, somePoint } from './fake-app.ts'

const CONFIG = `hypervisors: { kvm: { kind: libvirt }, other: { kind: libvirt } }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: kvm, id: "101", ssh: { host: 10.0.0.5 } }
  db2: { hypervisor: kvm, id: second, ssh: { host: 10.0.0.6 } }
  web: { hypervisor: other, id: web, ssh: { host: 10.0.0.7 } }
policies:
  nightly: { select: { tag: database, exclude: ["*-test"] }, schedule: "30 2 * * *" }
  by-name: { select: { name: "db*", hypervisor: kvm }, schedule: "30 2 * * *" }
  named: { select: { vms: [web] }, schedule: "30 2 * * *" }
  nobody: { select: { hypervisor: other, tag: nothing }, schedule: "30 2 * * *" }
`

const KVM = [
  { nativeId: '101', name: 'a', tags: ['database'] },
  { nativeId: '102', name: 'second', tags: ['database', 'x'] },
  { nativeId: '103', name: 'stranger', tags: ['database'] },
  { nativeId: '104', name: 'mine-test', tags: ['database'] },
  { nativeId: '105', name: 'dbase', tags: [] },
]
const WEB = { nativeId: 'w', name: 'web', tags: [] }
const LISTED = { kvm: KVM, other: [WEB] }

const takeSnapshot = async (_: unknown, { name }: { name: string }) => somePoint({ vm: name })
const checkVm = async (_: unknown, { name }: { name: string }) => ({
  ...({ version: 1, vm: name, ok: true, findings: [], coverage: [] } as const),
})
const procedures = { takeSnapshot, checkVm }
const options = { config: CONFIG, listed: LISTED, procedures }

test('snapshot --policy takes the VMs under vms: that the policy selects', async () => {
  const { status, opened } = await run(['snapshot', '--policy', 'nightly'], options)
  assert.deepEqual([status, opened], [0, ['db1', 'db2']])
})

test('a policy that the configuration alone decides asks no hypervisor', async () => {
  const named = await run(['snapshot', '--policy', 'named'], { ...options, listed: {} })
  assert.deepEqual([named.status, named.opened], [0, ['web']])
  const byName = await run(['snapshot', '--policy', 'by-name'], { ...options, listed: {} })
  assert.deepEqual([byName.status, byName.opened], [0, ['db1', 'db2']])
})

test('VMs of a hypervisor that cannot be asked fail; those of others have their turn', async () => {
  const listed = { other: [{ ...WEB, tags: ['database'] }] }
  const { status, out, opened } = await run(['snapshot', '--policy', 'nightly', '--json'], { ...options, listed })
  assert.deepEqual([status, opened], [20, ['web']])
  const { points, failed } = JSON.parse(out)
  assert.deepEqual(
    [
      points.map(({ vm }: { vm: string }) => vm),
      failed.map(({ vm, code }: { vm: string; code: string }) => [vm, code]),
    ],
    [
      ['web'],
      [
        ['db1', 'hypervisor-unreachable'],
        ['db2', 'hypervisor-unreachable'],
      ],
    ],
  )
})

test('a VM that the hypervisor does not list, and one that stands where nobody may look, fail by name', async () => {
  const kvm = [{ nativeId: '101', name: 'a', tags: [], hidden: ['folder' as const] }]
  const config = CONFIG.replace('tag: database, ', 'hypervisor: kvm, folder: /dc1, ')
  const { status, err, opened } = await run(['snapshot', '--policy', 'nightly'], {
    ...options,
    config,
    listed: { kvm },
  })
  assert.deepEqual([status, opened], [22, []])
  assert.match(err, /^db1: policies\.nightly\.select: the folder of db1 on kvm may not be seen \(hypervisor-refused\)/)
  assert.match(err, /^db2: kvm does not list second: it is a template, or new \(vm-not-found\)/m)
})

test('a tag that nobody may see on the hypervisor is no tag that its VMs lack', async () => {
  const blind = { tags: [], visibleTags: ['web'] }
  const kvm = ['101', '103'].map((nativeId) => ({ nativeId, name: nativeId === '101' ? 'a' : 'stranger', ...blind }))
  const listed = { kvm, other: [WEB] }
  const { status, err, opened } = await run(['snapshot', '--policy', 'nightly'], { ...options, listed })
  assert.deepEqual([status, opened], [22, []])
  assert.match(err, /^db1: policies\.nightly\.select: no tag database is to be seen on kvm, and db1 may have it/)
  const checked = await run(['check', '--policy', 'nightly', '--json'], { ...options, listed })
  const { unasked } = JSON.parse(checked.out).policy
  assert.deepEqual(
    unasked.map(({ hypervisor, message }: Record<string, string>) => [hypervisor, message]),
    [['kvm', 'policies.nightly.select: no tag database is to be seen on kvm, and stranger may have it']],
  )
})

test('check --policy names what the policy selects and nobody secures', async () => {
  const { status, out, opened } = await run(['check', '--policy', 'nightly'], options)
  assert.deepEqual([status, opened], [0, ['db1, to look', 'db2, to look']])
  assert.match(out, /^policy nightly selects db1, db2$/m)
  assert.match(out, /^ {2}warn {4}stranger \(103 of kvm\) is selected and not secured$/m)
  assert.doesNotMatch(out, /mine-test|\(101|second/)
  assert.match(out, /^db1: ready$/m)
  const document = JSON.parse((await run(['check', '--policy', 'nightly', '--json'], options)).out)
  const unsecured = [{ hypervisor: 'kvm', nativeId: '103', name: 'stranger' }]
  assert.deepEqual(document.policy, { name: 'nightly', selected: ['db1', 'db2'], unsecured, unasked: [] })
  assert.deepEqual(Object.keys(document), ['version', 'command', 'reports', 'failed', 'policy'])
})

test('a pattern of names means those of the hypervisor, too; a list of names means no others', async () => {
  const { out } = await run(['check', '--policy', 'by-name'], options)
  assert.match(out, /dbase \(105 of kvm\) is selected and not secured/)
  const named = await run(['check', '--policy', 'named'], { ...options, listed: {} })
  assert.equal(named.status, 0)
  assert.doesNotMatch(named.out, /not secured/)
})

test('check --policy says which hypervisor could not be asked', async () => {
  const { status, out, err } = await run(['check', '--policy', 'by-name'], { ...options, listed: {} })
  assert.equal(status, 20)
  assert.match(out, /^db2: ready$/m)
  assert.match(err, /^hypervisor kvm: kvm does not answer \(hypervisor-unreachable\)$/m)
})

test('a policy that selects nothing is a failure, for check and for snapshot', async () => {
  const taken = await run(['snapshot', '--policy', 'nobody'], options)
  assert.equal(taken.status, 14)
  assert.match(taken.err, /policy nobody selects no VM under vms: \(vm-not-configured\)\n {2}`stillshot check --policy/)
  const checked = await run(['check', '--policy', 'nobody'], options)
  assert.equal(checked.status, 14)
  assert.match(checked.out, /^policy nobody selects no VM under vms:$/m)
})

test('snapshot --policy --dry-run checks the same VMs', async () => {
  const { status, opened } = await run(['snapshot', '--policy', 'nightly', '--dry-run'], options)
  assert.deepEqual([status, opened], [0, ['db1, to look', 'db2, to look']])
})

test('names and --policy exclude each other, and an unknown policy is told the nearest', async () => {
  for (const command of ['snapshot', 'check']) {
    const both = await run([command, 'db1', '--policy', 'nightly'], options)
    assert.equal(both.status, 13)
    assert.match(both.err, /VMs and --policy exclude each other/)
    const unknown = await run([command, '--policy', 'nightli'], options)
    assert.equal(unknown.status, 13)
    assert.match(unknown.err, /policy nightli is not under policies: in .*stillshot\.yaml; did you mean nightly\?/)
  }
})
