import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Procedures } from '../../src/cli/procedures.ts'
import { StillshotError } from '../../src/errors.ts'
import type { KeptCopy } from '../../src/hypervisor/clones.ts'
import { type FakeAppOptions, run, somePoint } from './fake-app.ts'

const COPY: KeptCopy = {
  ...{ id: 'stillshot-01JDAAAAAAAAAAAAAAAAAAAAAA', nativeId: '7', name: 'rescue', source: '1' },
  ...{ snapshotName: 'stillshot-01JDBBBBBBBBBBBBBBBBBBBBBB', power: 'running' },
}

/** A command line whose copy comes up so; with what was asked for. */
async function restore(argv: readonly string[], options: FakeAppOptions & { cameBack?: boolean | null } = {}) {
  const { cameBack = true, ...more } = options
  const asked: unknown[] = []
  const restoreAs: Procedures['restoreAs'] = async (_, { name }, { signal: _signal, ...order }) => {
    asked.push(order)
    return {
      ...{ version: 1, vm: name, run: 'r1', as: order.as, point: somePoint(), plan: ['make a copy'], warnings: [] },
      ...{
        copy: order.dryRun ? null : COPY,
        reach: 'virsh console rescue',
        cameBack,
        bootMs: 1,
        readyMs: 1,
        totalMs: 2,
      },
      findings: [{ verdict: 'proven', code: 'answers', message: 'the server answers SELECT 1' }],
    }
  }
  const removeCopy: Procedures['removeCopy'] = async (_, { name }, { signal: _signal, ...order }) => {
    asked.push(order)
    return { version: 1, vm: name, copy: COPY, removed: !order.dryRun }
  }
  const ran = await run(['restore', 'db1', ...argv], { ...more, procedures: { restoreAs, removeCopy } })
  return { ...ran, asked }
}

test('restore --as asks nobody, and says how to reach the copy and how to remove it', async () => {
  const { status, out, asked } = await restore(['--as', 'rescue'])
  assert.deepEqual([status, asked], [0, [{ as: 'rescue', dryRun: false, waitMs: 0 }]])
  assert.match(out, /db1: the copy rescue is there as of \w+, with its database up/)
  assert.match(out, /no network card\n {2}reach it with: virsh console rescue\n/)
  assert.match(out, /remove it with: stillshot restore db1 --remove-copy rescue\n/)
  const document = JSON.parse((await restore(['--as', 'rescue', '--json'])).out)
  assert.deepEqual([document.command, document.copy.name, document.cameBack], ['restore', 'rescue', true])
})

test('restore --as takes a point or a time, and waits where it is told to', async () => {
  const { asked } = await restore(['--as', 'rescue', '--point', '01KB', '--wait', '5m'])
  assert.deepEqual(asked, [{ as: 'rescue', pointId: '01KB', dryRun: false, waitMs: 300_000 }])
  const dry = await restore(['--as', 'rescue', '--at', '2027-01-15T08:00:00Z', '--dry-run'])
  assert.deepEqual(dry.asked, [{ as: 'rescue', at: '2027-01-15T08:00:00Z', dryRun: true, waitMs: 0 }])
  assert.match(dry.out, /1\. make a copy/)
  assert.deepEqual(dry.opened, ['db1, to look'])
})

test('a copy whose database is not seen to be up ends with 58, one that nobody can look into with 0', async () => {
  const unproven = await restore(['--as', 'rescue'], { cameBack: false })
  assert.equal(unproven.status, 58)
  assert.match(unproven.out, /NOT seen to be up\n(.*\n)*.*remove it with/)
  const unseen = await restore(['--as', 'rescue'], { cameBack: null })
  assert.equal(unseen.status, 0)
  assert.match(unseen.out, /was not looked at/)
})

for (const argv of [
  ['--as', 'rescue', '--from', 'backup'],
  ['--as', 'rescue', '--undo'],
  ['--as', 'rescue', '--no-safety-snapshot'],
  ['--as', 'rescue', '--accept', 'replicas'],
  ['--as', 'rescue', '--remove-newer', 's1'],
  ['--as', 'rescue', '--remove-copy', 'rescue'],
  ['--remove-copy', 'rescue', '--point', '01KB', '--yes'],
  ['--remove-copy', 'rescue', '--wait', '--yes'],
]) {
  test(`restore ${argv.join(' ')} contradicts itself`, async () => {
    const { status, asked, opened } = await restore(argv)
    assert.deepEqual([status, asked, opened], [13, [], []])
  })
}

test('restore --remove-copy has the name of the copy typed, or needs --yes', async () => {
  assert.equal((await restore(['--remove-copy', 'rescue'])).status, 13)
  const yes = await restore(['--remove-copy', 'rescue', '--yes'])
  assert.deepEqual([yes.status, yes.asked], [0, [{ name: 'rescue', dryRun: false }]])
  assert.match(yes.out, /the copy rescue is removed/)
  const said: string[] = []
  const typing = (word: string) => ({
    interactive: true,
    prompts: {
      text: async (message: string) => {
        said.push(message)
        return word
      },
    },
  })
  const typed = await restore(['--remove-copy', 'rescue'], typing('rescue'))
  assert.deepEqual([typed.status, typed.asked.length], [0, 2])
  assert.match(said[0] ?? '', /name of the copy, rescue, to remove it and what it holds for good/)
  const other = await restore(['--remove-copy', 'rescue'], typing('db1'))
  assert.deepEqual([other.status, other.asked], [130, [{ name: 'rescue', dryRun: true }]])
  const dry = await restore(['--remove-copy', 'rescue', '--dry-run'])
  assert.match(dry.out, /which is running, would be removed for good/)
})

test('list --copies shows what is kept, also of VMs that nobody knows, and one VM’s only when it is named', async () => {
  const asked: (readonly string[])[] = []
  const listed = { ...COPY, hypervisor: 'kvm', createdAt: '1970-01-01T00:00:00.000Z', reach: 'virsh console rescue' }
  const keptCopies: Procedures['keptCopies'] = async (_, { vms }) => {
    asked.push(vms.map(({ name, reference }) => `${name}=${reference}`))
    return [
      { ...listed, vm: 'db1' },
      { ...listed, name: 'stray', vm: null },
    ]
  }
  const all = await run(['list', '--copies'], { procedures: { keptCopies } })
  assert.match(all.out, /db1 +rescue .* running +stillshot-01JDB\w+ +kvm\n- +stray /)
  assert.match(all.out, /reach rescue with: virsh console rescue/)
  assert.deepEqual(asked, [['db1=db1', 'db2=db2', 'locked=db3']])
  const named = JSON.parse((await run(['list', 'db1', '--copies', '--json'], { procedures: { keptCopies } })).out)
  assert.deepEqual(
    named.copies.map(({ name }: { name: string }) => name),
    ['rescue'],
  )
  assert.match((await run(['list', 'db2', '--copies'], { procedures: { keptCopies } })).out, /no copy is kept/)
})

test('list --copies shows what it can see, and says which hypervisor it cannot', async () => {
  const config = `hypervisors: { kvm: { kind: libvirt }, far: { kind: libvirt } }
ssh: { key: id_ed25519 }
vms:
  db1: { hypervisor: kvm, id: db1, ssh: { host: 10.0.0.5 } }
  db2: { hypervisor: far, id: db2, ssh: { host: 10.0.0.6 } }
`
  const listed = { ...COPY, hypervisor: 'kvm', createdAt: '1970-01-01T00:00:00.000Z', reach: 'x', vm: 'db1' }
  const keptCopies: Procedures['keptCopies'] = async (_, { vms }) => {
    if (vms[0]?.name === 'db2') throw new StillshotError('hypervisor-unreachable', 'far does not answer')
    return [listed]
  }
  const { status, out, err } = await run(['list', '--copies'], { config, procedures: { keptCopies } })
  assert.equal(status, 20)
  assert.match(out, /rescue/)
  assert.match(err, /far: not seen: far does not answer \(hypervisor-unreachable\)/)
})
