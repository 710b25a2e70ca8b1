import assert from 'node:assert/strict'
import {
  cutOff,
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

const ALL = [
  ['s1', 1],
  ['s2', 2],
  ['s3', 3],
] as const

/** Removing with merge: the data of everything else stays. */
export function removalCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'removeSnapshot() of a missing snapshot resolves', async (under) => {
    await under.hypervisor.removeSnapshot(under.vm, 'none')
    await snapshotOf(under, 's1', 1)
    for (const _ of [1, 2]) await under.hypervisor.removeSnapshot(under.vm, 's1')
    assert.deepEqual(await namesOf(under), [])
  })

  for (const [removed] of ALL) {
    for (const power of ['running', 'off'] as const) {
      hypervisorCase(
        suite,
        `removeSnapshot() of ${removed} of three keeps all other data, VM ${power}`,
        async (under) => {
          for (const [name, value] of ALL) await snapshotOf(under, name, value)
          await writeAll(under, 4)
          if (power === 'off') await under.stop()
          await under.hypervisor.removeSnapshot(under.vm, removed)
          assert.equal(await under.hypervisor.power(under.vm), power)
          await under.stop()
          assert.equal(await readAll(under), 4)
          const rest = ALL.filter(([name]) => name !== removed)
          assert.deepEqual(
            await namesOf(under),
            rest.map(([name]) => name),
          )
          for (const [name, value] of rest.toReversed()) {
            assert.equal(await valueAfterRollBack(under, name, `to-${name}`), value)
            await under.hypervisor.removeSnapshot(under.vm, name)
            assert.equal(await readAll(under), value)
          }
        },
      )
    }
  }

  hypervisorCase(suite, 'removeSnapshot() of all, in any order, leaves nothing behind', async (under) => {
    const before = await under.storage()
    for (const order of [
      ['s2', 's1', 's3'],
      ['s3', 's2', 's1'],
    ]) {
      for (const [name, value] of ALL) await snapshotOf(under, name, value)
      for (const name of order) await under.hypervisor.removeSnapshot(under.vm, name)
      assert.deepEqual(await namesOf(under), [])
      assert.deepEqual(await under.storage(), before)
    }
    await under.stop()
    assert.equal(await readAll(under), 3)
    await under.hypervisor.powerOn(under.vm)
  })

  for (const power of ['running', 'off']) {
    hypervisorCase(suite, `a removal that is cut off anywhere is finished by the next, VM ${power}`, async (under) => {
      let wholeMs = 0
      for (const part of [1, 0.2, 0.5, 0.8]) wholeMs = await removeInParts(under, power, wholeMs, part)
    })
  }

  if (suite.capabilities.rollBackToAny) branchCases(suite)
}

/** Cuts the first removal off after a part of the time that a whole one takes, which the first call measures. */
async function removeInParts(
  under: HypervisorUnderTest,
  power: string,
  wholeMs: number,
  part: number,
): Promise<number> {
  const { hypervisor, vm } = under
  await hypervisor.powerOn(vm)
  const before = await under.storage()
  for (const [name, value] of ALL) await snapshotOf(under, name, value)
  await writeAll(under, 4)
  if (power === 'off') await under.stop()
  const begun = performance.now()
  if (wholeMs > 0) await cutOff((signal) => hypervisor.removeSnapshot(vm, 's2', { signal }), wholeMs * part)
  await hypervisor.removeSnapshot(vm, 's2')
  const tookMs = performance.now() - begun
  await under.stop()
  assert.equal(await readAll(under), 4)
  assert.deepEqual(await namesOf(under), ['s1', 's3'])
  for (const [name, value] of [ALL[2], ALL[0]]) {
    assert.equal(await valueAfterRollBack(under, name, `cut-${part * 10}-${name}`), value)
    await hypervisor.removeSnapshot(vm, name)
    assert.equal(await readAll(under), value)
  }
  assert.deepEqual(await under.storage(), before)
  return wholeMs || tookMs
}

/** Where the VM stands on an older snapshot than others. */
function branchCases(suite: HypervisorSuite): void {
  if (suite.removesBranches) removableBranchCases(suite)
  else refusedBranchCases(suite)
  afterRollBackCases(suite)
}

function refusedBranchCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'removeSnapshot() with branches rejects and changes nothing', async (under) => {
    for (const [name, value] of ALL) await snapshotOf(under, name, value)
    await under.hypervisor.rollBack(under.vm, { snapshotName: 's3', token: 'one' })
    await under.hypervisor.rollBack(under.vm, { snapshotName: 's1', token: 'two' })
    const storage = await under.storage()
    const before = await under.hypervisor.listSnapshots(under.vm)
    await rejectsWith('snapshot-has-branches', under.hypervisor.removeSnapshot(under.vm, 's1'))
    assert.deepEqual(await under.storage(), storage)
    assert.deepEqual(await under.hypervisor.listSnapshots(under.vm), before)
    assert.equal(await readAll(under), 1)
  })
}

function removableBranchCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'removeSnapshot() with branches keeps the data of all of them', async (under) => {
    for (const [name, value] of ALL) await snapshotOf(under, name, value)
    await under.hypervisor.rollBack(under.vm, { snapshotName: 's1', token: 'one' })
    await under.hypervisor.removeSnapshot(under.vm, 's1')
    assert.deepEqual(await namesOf(under), ['s2', 's3'])
    assert.equal(await readAll(under), 1)
    assert.equal(await valueAfterRollBack(under, 's3', 'two'), 3)
    assert.equal(await valueAfterRollBack(under, 's2', 'three'), 2)
  })
}

function afterRollBackCases(suite: HypervisorSuite): void {
  for (const order of [
    ['s3', 's2', 's1'],
    ['s2', 's3', 's1'],
  ]) {
    for (const power of ['running', 'off']) {
      hypervisorCase(
        suite,
        `after a roll back, ${order} can be removed and leave nothing, VM ${power}`,
        async (under) => {
          const before = await under.storage()
          for (const [name, value] of ALL) await snapshotOf(under, name, value)
          await writeAll(under, 4)
          await under.hypervisor.rollBack(under.vm, { snapshotName: 's1', token: 'one' })
          if (power === 'running') await under.hypervisor.powerOn(under.vm)
          await writeAll(under, 9)
          for (const name of order) await under.hypervisor.removeSnapshot(under.vm, name)
          await under.stop()
          assert.equal(await readAll(under), 9)
          assert.deepEqual(await namesOf(under), [])
          assert.deepEqual(await under.storage(), before)
          await under.hypervisor.powerOn(under.vm)
        },
      )
    }
  }
}
