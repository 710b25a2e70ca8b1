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

/** Rolling back, whole or not at all. */
export function rollBackCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'rollBack() puts all disks back, leaves the VM off and all snapshots listed', async (under) => {
    await snapshotOf(under, 's1', 1)
    await writeAll(under, 2)
    const before = await under.hypervisor.listSnapshots(under.vm)
    assert.equal(await valueAfterRollBack(under, 's1', 'one'), 1)
    assert.equal(await under.hypervisor.power(under.vm), 'off')
    assert.deepEqual(await under.hypervisor.listSnapshots(under.vm), before)
    await under.hypervisor.powerOn(under.vm)
    await writeAll(under, 3)
    assert.equal(await valueAfterRollBack(under, 's1', 'two'), 1)
  })

  hypervisorCase(suite, 'rollBack() with the token of one that is done changes nothing', async (under) => {
    await snapshotOf(under, 's1', 1)
    await under.hypervisor.rollBack(under.vm, { snapshotName: 's1', token: 'one' })
    await writeAll(under, 7)
    assert.equal(await valueAfterRollBack(under, 's1', 'one'), 7)
  })

  hypervisorCase(suite, 'rollBack() of a VM that is off, and a snapshot on top of it', async (under) => {
    await snapshotOf(under, 's1', 1)
    await writeAll(under, 2)
    await under.stop()
    assert.equal(await valueAfterRollBack(under, 's1', 'one'), 1)
    await snapshotOf(under, 's2', 5)
    assert.equal((await under.hypervisor.listSnapshots(under.vm)).at(-1)?.parent, 's1')
    await writeAll(under, 6)
    assert.equal(await valueAfterRollBack(under, 's2', 'two'), 5)
  })

  hypervisorCase(
    suite,
    'rollBack() to a missing snapshot rejects with snapshot-not-found and stops nothing',
    async (under) => {
      const { hypervisor, vm } = under
      await rejectsWith('snapshot-not-found', hypervisor.checkRollBack(vm, 'none'))
      await rejectsWith('snapshot-not-found', hypervisor.rollBack(vm, { snapshotName: 'none', token: 'one' }))
      assert.equal(await hypervisor.power(vm), 'running')
      assert.equal(await hypervisor.settleRollBack(vm, { snapshotName: 'none', token: 'one' }), 'untouched')
    },
  )

  hypervisorCase(suite, 'checkRollBack() refuses nothing for a good snapshot and changes nothing', async (under) => {
    await snapshotOf(under, 's1', 1)
    const storage = await under.storage()
    const findings = await under.hypervisor.checkRollBack(under.vm, 's1')
    assert.deepEqual(
      findings.filter((finding) => finding.severity === 'refuse'),
      [],
    )
    assert.deepEqual(await under.storage(), storage)
    assert.equal(await under.hypervisor.power(under.vm), 'running')
  })

  hypervisorCase(suite, 'settleRollBack() says what happened, as often as one asks', async (under) => {
    await snapshotOf(under, 's1', 1)
    const { hypervisor, vm } = under
    const storage = await under.storage()
    for (const _ of [1, 2]) {
      assert.equal(await hypervisor.settleRollBack(vm, { snapshotName: 's1', token: 'never' }), 'untouched')
    }
    assert.deepEqual(await under.storage(), storage)
    await hypervisor.rollBack(vm, { snapshotName: 's1', token: 'done' })
    for (const _ of [1, 2]) {
      assert.equal(await hypervisor.settleRollBack(vm, { snapshotName: 's1', token: 'done' }), 'rolled-back')
    }
    assert.equal(await readAll(under), 1)
  })

  hypervisorCase(suite, 'a roll back that is cut off anywhere is settled to all disks or none', interrupted)

  if (suite.capabilities.rollBackToAny) anySnapshotCases(suite)
  else newestOnlyCases(suite)
}

const CUTS = 6

async function interrupted(under: HypervisorUnderTest): Promise<void> {
  const { hypervisor, vm } = under
  await snapshotOf(under, 's1', 1)
  const storage = await under.storage()
  const begun = performance.now()
  assert.equal(await valueAfterRollBack(under, 's1', 'whole'), 1)
  const wholeMs = performance.now() - begun
  for (let cut = 0; cut <= CUTS; cut += 1) {
    await hypervisor.powerOn(vm)
    await writeAll(under, 2)
    const request = { snapshotName: 's1', token: `cut-${cut}` }
    const finished = await cutOff((signal) => hypervisor.rollBack(vm, request, { signal }), (wholeMs * cut) / CUTS)
    const outcome = await hypervisor.settleRollBack(vm, request)
    if (finished) assert.equal(outcome, 'rolled-back')
    await under.stop()
    assert.equal(await readAll(under), outcome === 'rolled-back' ? 1 : 2, `cut ${cut}: ${outcome}`)
    assert.equal((await under.storage()).length, storage.length, `cut ${cut}: ${await under.storage()}`)
    assert.deepEqual(await namesOf(under), ['s1'])
  }
}

function anySnapshotCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'rollBack() to an older snapshot is undone by rolling back to a newer one', async (under) => {
    await snapshotOf(under, 's1', 1)
    await snapshotOf(under, 's2', 2)
    await snapshotOf(under, 'safety', 3)
    assert.equal(await valueAfterRollBack(under, 's1', 'one'), 1)
    await under.hypervisor.powerOn(under.vm)
    await writeAll(under, 8)
    assert.equal(await valueAfterRollBack(under, 'safety', 'two'), 3)
    assert.equal(await valueAfterRollBack(under, 's2', 'three'), 2)
    assert.deepEqual(await namesOf(under), ['s1', 's2', 'safety'])
  })
}

function newestOnlyCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'rollBack() to an older snapshot rejects with not-supported', async (under) => {
    await snapshotOf(under, 's1', 1)
    await snapshotOf(under, 's2', 2)
    const request = { snapshotName: 's1', token: 'one' }
    await rejectsWith('not-supported', under.hypervisor.rollBack(under.vm, request))
    assert.equal(await under.hypervisor.settleRollBack(under.vm, request), 'untouched')
  })
}
