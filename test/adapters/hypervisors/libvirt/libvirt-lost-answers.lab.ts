import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { namesOf, readAll, rejectsWith, snapshotOf, writeAll } from '../../../conformance/hypervisor/under-test.ts'
import { waitFor } from '../../../labs/wait-for.ts'
import { type LibvirtUnderTest, openLibvirt } from './open-libvirt.ts'

const run = promisify(execFile)

describe('libvirt: answers that do not come', () => {
  test('a snapshot whose answer is lost is not told of until libvirt is done with it', {
    timeout: 120_000,
  }, async () => {
    const under = await openLibvirt()
    const { hypervisor, vm } = under
    const qemu = await qemuProcess(under)
    try {
      process.kill(qemu, 'SIGSTOP')
      const request = { name: 's1', description: 'grade=pending' }
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, request, { timeoutMs: 500 }))
      await rejectsWith('vm-locked', hypervisor.listSnapshots(vm))
      process.kill(qemu, 'SIGCONT')
      const listed = () => hypervisor.listSnapshots(vm).catch(() => [])
      await waitFor(async () => ((await listed())[0]?.complete ? true : undefined), {
        what: 'the end of the snapshot',
        timeoutMs: 60_000,
      })
      await hypervisor.removeSnapshot(vm, 's1')
      assert.deepEqual(await under.storage(), ['vda.img', 'vdb.img'])
    } finally {
      process.kill(qemu, 'SIGCONT')
      await under.close()
    }
  })

  test('a question that gets no answer says so, and the next one is answered', { timeout: 120_000 }, async () => {
    const under = await openLibvirt()
    const qemu = await qemuProcess(under)
    try {
      process.kill(qemu, 'SIGSTOP')
      await rejectsWith('hypervisor-unreachable', under.hypervisor.findVm(under.vm.uuid, { timeoutMs: 500 }))
      process.kill(qemu, 'SIGCONT')
      assert.equal(await under.hypervisor.power(under.vm), 'running')
    } finally {
      process.kill(qemu, 'SIGCONT')
      await under.close()
    }
  })

  test('a change of many steps has one limit, and goes on with the next call', { timeout: 120_000 }, async () => {
    const under = await openLibvirt()
    const { hypervisor, vm } = under
    try {
      await snapshotOf(under, 's1', 1)
      await writeAll(under, 2)
      await rejectsWith('answer-lost', hypervisor.removeSnapshot(vm, 's1', { timeoutMs: 15 }))
      await hypervisor.removeSnapshot(vm, 's1', { timeoutMs: 60_000 })
      await under.stop()
      assert.equal(await readAll(under), 2)
      assert.deepEqual(await under.storage(), ['vda.img', 'vdb.img'])
    } finally {
      await under.close()
    }
  })

  test('virsh’s own revert after ours finds every image that a snapshot needs, or is refused before libvirt 10', {
    timeout: 120_000,
  }, async () => {
    const under = await openLibvirt()
    try {
      const { version } = await under.hypervisor.check()
      if (Number.parseInt(version, 10) < 10) await refusesNatively(under)
      else await revertNatively(under)
    } finally {
      await under.close()
    }
  })
})

/** The reason why ours is by hand: should this libvirt learn it, the test says so. */
async function refusesNatively(under: LibvirtUnderTest): Promise<void> {
  await snapshotOf(under, 's1', 1)
  await assert.rejects(under.tiny.virsh('snapshot-revert', under.tiny.uuid, 's1'), /not supported yet/)
}

async function revertNatively(under: LibvirtUnderTest): Promise<void> {
  const { hypervisor, vm, tiny } = under
  for (const [name, value] of [
    ['s1', 1],
    ['s2', 2],
    ['s3', 3],
  ] as const) {
    await snapshotOf(under, name, value)
  }
  for (const [mine, theirs] of [
    ['s1', 's3'],
    ['s3', 's2'],
    ['s2', 's1'],
  ] as const) {
    await hypervisor.rollBack(vm, { snapshotName: mine, token: `to-${mine}` })
    assert.equal(await readAll(under), Number(mine.slice(1)))
    await writeAll(under, 9)
    await tiny.virsh('snapshot-revert', tiny.uuid, theirs)
    assert.equal(await readAll(under), Number(theirs.slice(1)))
    await writeAll(under, 8)
  }
  for (const name of ['s3', 's2', 's1']) await hypervisor.removeSnapshot(vm, name)
  assert.equal(await readAll(under), 8)
  assert.deepEqual(await namesOf(under), [])
  assert.deepEqual(await tiny.files(), ['vda.img', 'vdb.img'])
}

async function qemuProcess({ tiny }: LibvirtUnderTest): Promise<number> {
  const { stdout } = await run('pgrep', ['-f', `guest=${tiny.name},`])
  return Number(stdout.trim())
}
