import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import { clonesOf, keptOf, onlyKept } from './kept-copies.ts'
import { noCloneOfThis } from './no-clone-case.ts'
import {
  cutOff,
  disksOf,
  type HypervisorSuite,
  type HypervisorUnderTest,
  hypervisorCase,
  namesOf,
  readAll,
  rejectsWith,
  snapshotOf,
  valueAfterRollBack,
  writeAll,
} from './under-test.ts'

/** Several suites may meet in one hypervisor. */
const NAME = `stillshot-01${randomBytes(12).toString('hex').toUpperCase()}`
const REQUEST = { snapshotName: 's1', name: NAME }
/** A copy that is kept is called something of its own. */
const KEPT_AS = `kept-${randomBytes(6).toString('hex')}`
const KEPT = { ...REQUEST, as: KEPT_AS }

/** Copies of a VM as it was at a snapshot. */
export function cloneCases(suite: HypervisorSuite): void {
  if (suite.clones === 'of-others') noCloneOfThis(suite)
  else if (suite.clones) makingCases(suite)
  else noClones(suite)
}

function noClones(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'a hypervisor that cannot make copies says so', async ({ hypervisor }) => {
    assert.equal(hypervisor.clones, undefined)
  })
}

function makingCases(suite: HypervisorSuite): void {
  cloneCase(suite, 'clones.create() gives a copy that is off, has no network and is no twin', async (under) => {
    const { hypervisor, vm } = under
    await snapshotOf(under, 's1', 1)
    await writeAll(under, 2)
    const storage = await under.storage()
    await clonesOf(under).create(vm, REQUEST)
    const clone = await found(under)
    assert.equal(clone.name, NAME)
    assert.equal(clone.power, 'off')
    assert.deepEqual(clone.macs, [])
    assert.notEqual(clone.uuid, vm.uuid)
    assert.equal(await hypervisor.countUuid(vm.uuid), 1)
    assert.equal(await hypervisor.countUuid(clone.uuid), 1)
    assert.equal(await hypervisor.power(vm), 'running')
    assert.deepEqual(
      clone.disks.map(({ serial }) => serial),
      vm.disks.map(({ serial }) => serial),
    )
    assert.equal(await readClone(under, clone), 1)
    for (const _ of [1, 2]) await clonesOf(under).remove(vm, NAME)
    assert.deepEqual(await under.storage(), storage)
    await under.stop()
    assert.equal(await readAll(under), 2)
    assert.equal(await valueAfterRollBack(under, 's1', 'one'), 1)
  })

  hypervisorCase(
    suite,
    'clones.create() of an older snapshot, and clones.remove() while the copy runs',
    async (under) => {
      const { hypervisor, vm } = under
      await snapshotOf(under, 's1', 1)
      await snapshotOf(under, 's2', 2)
      const storage = await under.storage()
      await clonesOf(under).create(vm, REQUEST)
      const clone = await found(under)
      assert.equal(await readClone(under, clone), 1)
      await hypervisor.powerOn(clone)
      assert.equal(await hypervisor.power(clone), 'running')
      await clonesOf(under).remove(vm, NAME)
      assert.equal(await clonesOf(under).find(vm, NAME), undefined)
      assert.equal(await hypervisor.power(vm), 'running')
      assert.deepEqual(await under.storage(), storage)
      assert.deepEqual(await namesOf(under), ['s1', 's2'])
    },
  )

  cloneCase(suite, 'a copy outlives what is done to its snapshot', async (under) => {
    const { hypervisor, vm } = under
    await snapshotOf(under, 's1', 1)
    await clonesOf(under).create(vm, REQUEST)
    const clone = await found(under)
    // Refused where the copy stands on it, done where the copy is whole by itself.
    await hypervisor.removeSnapshot(vm, 's1').catch((error) => assert.equal(error.code, 'snapshot-has-branches'))
    await writeAll(under, 3)
    assert.equal(await readClone(under, clone), 1)
    await clonesOf(under).remove(vm, NAME)
    await hypervisor.removeSnapshot(vm, 's1')
    assert.deepEqual(await namesOf(under), [])
    await under.stop()
    assert.equal(await readAll(under), 3)
  })

  cloneCase(suite, 'clones.check() refuses nothing for a good snapshot and changes nothing', async (under) => {
    await snapshotOf(under, 's1', 1)
    const storage = await under.storage()
    const findings = await clonesOf(under).check(under.vm, REQUEST)
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'refuse'),
      [],
    )
    assert.deepEqual(await under.storage(), storage)
  })

  refusalCases(suite)
  keepingCases(suite)
  cloneCase(suite, 'a copy that is cut off anywhere is removed to its end', interrupted)
}

function refusalCases(suite: HypervisorSuite): void {
  cloneCase(suite, 'clones of a missing snapshot are refused and leave nothing', async (under) => {
    const storage = await under.storage()
    await rejectsWith('snapshot-not-found', clonesOf(under).check(under.vm, REQUEST))
    await rejectsWith('snapshot-not-found', clonesOf(under).create(under.vm, REQUEST))
    assert.equal(await clonesOf(under).find(under.vm, NAME), undefined)
    await clonesOf(under).remove(under.vm, NAME)
    assert.deepEqual(await under.storage(), storage)
  })

  cloneCase(suite, 'clones.create() of a name that is there is refused and harms nothing', async (under) => {
    await snapshotOf(under, 's1', 1)
    await clonesOf(under).create(under.vm, REQUEST)
    const storage = await under.storage()
    await rejectsWith('hypervisor-refused', clonesOf(under).create(under.vm, REQUEST))
    assert.deepEqual(await under.storage(), storage)
    assert.equal(await readClone(under, await found(under)), 1)
    await clonesOf(under).remove(under.vm, NAME)
  })

  cloneCase(suite, 'clones.remove() refuses a VM that is no copy of ours', async (under) => {
    const { hypervisor, vm } = under
    await rejectsWith('hypervisor-refused', clonesOf(under).remove(vm, vm.name))
    assert.equal(await clonesOf(under).find(vm, vm.name), undefined)
    assert.equal(await hypervisor.power(vm), 'running')
  })
}

function keepingCases(suite: HypervisorSuite): void {
  cloneCase(suite, 'clones.keep() gives a copy its name, and clones.remove() leaves it', async (under) => {
    const { hypervisor, vm } = under
    await snapshotOf(under, 's1', 1)
    await writeAll(under, 2)
    const storage = await under.storage()
    await clonesOf(under).create(vm, KEPT)
    const { nativeId, uuid } = await found(under)
    assert.deepEqual(await keptOf(under), [], 'not before it is said')
    for (const _ of [1, 2]) await clonesOf(under).keep(vm, NAME, KEPT_AS)
    const kept = { id: NAME, nativeId, name: KEPT_AS, source: vm.nativeId, snapshotName: 's1', power: 'off' }
    assert.deepEqual(await keptOf(under), [kept])
    assert.equal(await clonesOf(under).find(vm, NAME), undefined)
    const copy = await hypervisor.findVm(KEPT_AS)
    assert.deepEqual([copy.nativeId, copy.uuid, copy.macs], [nativeId, uuid, []])
    await clonesOf(under).remove(vm, NAME)
    assert.deepEqual(await keptOf(under), [kept], 'a drill’s leftover it is not')
    assert.equal(await readClone(under, copy), 1)
    assert.match(clonesOf(under).reach(await onlyKept(under)), /\w/)
    await hypervisor.powerOn(copy)
    assert.deepEqual(await keptOf(under), [{ ...kept, power: 'running' }])
    for (const _ of [1, 2]) await clonesOf(under).removeKept({ ...kept, power: 'running' })
    assert.deepEqual(await keptOf(under), [])
    assert.deepEqual(await under.storage(), storage)
    await under.stop()
    assert.equal(await readAll(under), 2)
  })

  cloneCase(suite, 'a kept copy outlives what is done to its snapshot', async (under) => {
    const { hypervisor, vm } = under
    await snapshotOf(under, 's0', 0)
    await snapshotOf(under, 's1', 1)
    await snapshotOf(under, 's2', 2)
    await clonesOf(under).create(vm, KEPT)
    await clonesOf(under).keep(vm, NAME, KEPT_AS)
    const copy = await hypervisor.findVm(KEPT_AS)
    for (const name of ['s1', 's0']) {
      await hypervisor.removeSnapshot(vm, name).catch((error) => assert.equal(error.code, 'snapshot-has-branches'))
    }
    await hypervisor.removeSnapshot(vm, 's2')
    await writeAll(under, 3)
    assert.equal(await readClone(under, copy), 1)
    await clonesOf(under).removeKept(await onlyKept(under))
    for (const name of ['s1', 's0']) await hypervisor.removeSnapshot(vm, name)
    assert.deepEqual(await namesOf(under), [])
    await under.stop()
    assert.equal(await readAll(under), 3)
  })

  cloneCase(
    suite,
    'clones.keep() of a name that a VM has is refused, and clones.check() says so before',
    async (under) => {
      const { vm } = under
      await snapshotOf(under, 's1', 1)
      const findings = await clonesOf(under).check(vm, { ...REQUEST, as: vm.name })
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'refuse').map(({ code }) => code),
        ['name-taken'],
      )
      await clonesOf(under).create(vm, { ...REQUEST, as: vm.name })
      await rejectsWith('hypervisor-refused', clonesOf(under).keep(vm, NAME, vm.name))
      assert.deepEqual(await keptOf(under), [])
      await clonesOf(under).remove(vm, NAME)
      await rejectsWith('hypervisor-refused', clonesOf(under).keep(vm, NAME, KEPT_AS))
    },
  )

  cloneCase(suite, 'clones.removeKept() refuses a VM that is no kept copy', async (under) => {
    const { hypervisor, vm } = under
    await snapshotOf(under, 's1', 1)
    const own = { id: NAME, source: vm.nativeId, snapshotName: 's1', power: 'off' } as const
    await rejectsWith(
      'hypervisor-refused',
      clonesOf(under).removeKept({ ...own, nativeId: vm.nativeId, name: vm.name }),
    )
    assert.equal(await hypervisor.power(vm), 'running')
    await clonesOf(under).create(vm, KEPT)
    const { nativeId } = await found(under)
    await rejectsWith('hypervisor-refused', clonesOf(under).removeKept({ ...own, nativeId, name: NAME }))
    await found(under)
  })

  cloneCase(suite, 'clones.checkStorage() has nothing against a VM that can be copied', async (under) => {
    assert.deepEqual(await clonesOf(under).checkStorage(under.vm), [])
  })
}

const CUTS = 4

async function interrupted(under: HypervisorUnderTest): Promise<void> {
  const { vm } = under
  await snapshotOf(under, 's1', 1)
  const storage = await under.storage()
  const begun = performance.now()
  await clonesOf(under).create(vm, REQUEST)
  const wholeMs = performance.now() - begun
  await clonesOf(under).remove(vm, NAME)
  for (let cut = 0; cut <= CUTS; cut += 1) {
    const whole = await cutOff((signal) => clonesOf(under).create(vm, REQUEST, { signal }), (wholeMs * cut) / CUTS)
    if (whole) await found(under)
    await clonesOf(under).remove(vm, NAME)
    assert.equal(await clonesOf(under).find(vm, NAME), undefined)
    assert.deepEqual(await under.storage(), storage, `cut ${cut}`)
  }
}

/** A case that leaves no copy, whatever fails in it. */
function cloneCase(
  suite: HypervisorSuite,
  sentence: string,
  body: (under: HypervisorUnderTest) => Promise<void>,
): void {
  hypervisorCase(suite, sentence, async (under) => {
    try {
      await body(under)
    } finally {
      await clonesOf(under).remove(under.vm, NAME)
      for (const kept of await keptOf(under)) await clonesOf(under).removeKept(kept)
    }
  })
}

async function found(under: HypervisorUnderTest): Promise<Vm> {
  const clone = await clonesOf(under).find(under.vm, NAME)
  assert.ok(clone, 'the copy is there')
  return clone
}

/** What the disks of the copy hold: one number. */
async function readClone(under: HypervisorUnderTest, clone: Vm): Promise<number> {
  const { readClone: read } = under
  assert.ok(read, 'the suite can read a copy')
  const values = await Promise.all(disksOf(under).map((disk) => read(clone, disk)))
  assert.equal(new Set(values).size, 1, `the copy's disks are at different times: ${values}`)
  return values[0] ?? 0
}
