// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { withProxmox } from './open-proxmox.ts'

const POST = 'POST .*/qemu/100/snapshot$'
const S1 = { name: 's1', description: 'grade=pending' }

describe('a snapshot on Proxmox VE when something goes wrong', () => {
  for (const fault of [{ kind: 'lose' }, { kind: 'answer', status: 596, reason: 'Connection timed out' }] as const) {
    test(`its answer is lost after the work (${fault.kind}): it is found, and not made twice`, () =>
      withProxmox({}, async ({ standIn, hypervisor, vm }) => {
        standIn.fault({ ...fault, call: POST, when: 'after' })
        const snapshot = await hypervisor.createSnapshot(vm, S1)
        assert.equal(snapshot.complete, true)
        assert.equal(standIn.tasks('qmsnapshot').length, 1)
        assert.deepEqual(await hypervisor.listSnapshots(vm), [snapshot])
      }))
  }

  test('its answer is lost before the work: answer-lost, and nothing is there', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'lose', call: POST, when: 'before' })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1))
      assert.equal(standIn.tasks('qmsnapshot').length, 0)
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))

  test('its answer is lost and the task is slow: it is followed', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'lose', call: POST, when: 'after' })
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'begun', ms: 700 })
      assert.equal((await hypervisor.createSnapshot(vm, S1)).complete, true)
      assert.equal(standIn.tasks('qmsnapshot').length, 1)
    }))

  test('the node cannot be reached by the one that was asked: nothing was done', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'answer', call: POST, when: 'before', status: 595, reason: 'No route to host', times: 3 })
      await rejectsWith('hypervisor-unreachable', hypervisor.createSnapshot(vm, S1))
      assert.equal(standIn.tasks('qmsnapshot').length, 0)
    }))

  test('the VM is locked for a while: it waits, and succeeds', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.lock(100, 'backup')
      setTimeout(() => standIn.unlock(100), 1_200)
      assert.equal((await hypervisor.createSnapshot(vm, S1)).complete, true)
      const ends = standIn.tasks('qmsnapshot').map(({ exitStatus }) => exitStatus)
      assert.equal(ends.at(-1), 'OK')
      assert.ok(ends.length > 1 && ends.slice(0, -1).every((end) => end === 'VM is locked (backup)'), String(ends))
    }))

  test('the file lock of the configuration is held for a while: it waits, and succeeds', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.holdFlock(100, 700)
      assert.equal((await hypervisor.createSnapshot(vm, S1)).complete, true)
    }))

  test('the worker is killed: it fails at once and names what to type, and so do removal and preflight', () =>
    withProxmox({}, async ({ standIn, machine, hypervisor, vm }) => {
      standIn.fault({ kind: 'kill', task: 'qmsnapshot', point: 'disk virtio1' })
      const begunAt = performance.now()
      await refusedWith(/qm unlock 100/, hypervisor.createSnapshot(vm, S1))
      assert.ok(performance.now() - begunAt < 3_000)
      assert.deepEqual(
        (await hypervisor.listSnapshots(vm)).map(({ name, complete }) => [name, complete]),
        [['s1', false]],
      )
      await refusedWith(/qm unlock 100/, hypervisor.removeSnapshot(vm, 's1'))
      const refusing = (await hypervisor.checkSnapshot(vm)).filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(
        refusing.map(({ code, hint }) => [code, /qm unlock 100.*qm delsnapshot 100 s1 --force/.test(hint)]),
        [['stale-lock', true]],
      )
      standIn.unlock(100)
      await hypervisor.removeSnapshot(vm, 's1')
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
      assert.equal(machine.disks.get('virtio0')?.snapshots.size, 0)
    }))

  test('it takes longer than its limit: answer-lost, then it is there, unfinished, and removed once it is whole', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'disks', ms: 1_500 })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1, { timeoutMs: 300 }))
      assert.equal((await hypervisor.listSnapshots(vm))[0]?.complete, false)
      await rejectsWith('vm-locked', hypervisor.removeSnapshot(vm, 's1'))
      await standIn.tasks('qmsnapshot')[0]?.ended
      await hypervisor.removeSnapshot(vm, 's1')
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))

  test('it is not listed while its task waits for its turn, so the list is not given', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'slow', task: 'qmsnapshot', point: 'begun', ms: 1_000 })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1, { timeoutMs: 200 }))
      await rejectsWith('vm-locked', hypervisor.listSnapshots(vm))
      await rejectsWith('vm-locked', hypervisor.removeSnapshot(vm, 's1'))
      await standIn.tasks('qmsnapshot')[0]?.ended
      assert.equal((await hypervisor.listSnapshots(vm)).length, 1)
    }))

  test('warnings are success, and are kept', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.fault({ kind: 'warn', task: 'qmsnapshot', point: 'disks', message: 'something is odd' })
      const { warnings = [] } = await hypervisor.createSnapshot(vm, S1)
      assert.ok(warnings.includes('WARNINGS: 1'), String(warnings))
      assert.ok(
        warnings.some((line) => line.includes('something is odd')),
        String(warnings),
      )
    }))

  test('a task that fails says why, and leaves nothing', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      const message = 'qemu-img: No space left on device'
      standIn.fault({ kind: 'fail', task: 'qmsnapshot', point: 'disk virtio1', message })
      await rejectsWith('storage-full', hypervisor.createSnapshot(vm, S1))
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))

  test('a VM that was migrated is found again', () =>
    withProxmox({ nodes: ['pve1', 'pve2'] }, async ({ standIn, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, S1)
      standIn.migrate(100, 'pve2')
      await hypervisor.createSnapshot(vm, { name: 's2', description: '' })
      standIn.migrate(100, 'pve1')
      assert.equal((await hypervisor.listSnapshots(vm)).length, 2)
      assert.match(hypervisor.byHand(vm, 'remove-snapshot', 's2'), /^qm delsnapshot 100 s2 # on node pve1;/)
    }))

  test('names that Proxmox VE does not take are refused before anything is asked', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      for (const name of ['s', '1st', 'a.b', 'a b', 'current', 'Pending', 'n'.repeat(41), 'é2']) {
        await rejectsWith('hypervisor-refused', hypervisor.createSnapshot(vm, { name, description: '' }))
      }
      assert.equal(standIn.tasks().length, 0)
    }))
})

describe('descriptions and power on Proxmox VE when something goes wrong', () => {
  test('a description whose answer is lost is read back', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, S1)
      standIn.fault({ kind: 'lose', call: 'PUT .*config$', when: 'after' })
      await hypervisor.describeSnapshot(vm, 's1', 'grade=suspect')
      standIn.fault({ kind: 'lose', call: 'PUT .*config$', when: 'before' })
      await rejectsWith('answer-lost', hypervisor.describeSnapshot(vm, 's1', 'grade=other'))
      assert.equal((await hypervisor.listSnapshots(vm))[0]?.description, 'grade=suspect')
    }))

  test('a removal whose answer is lost is done once', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, S1)
      standIn.fault({ kind: 'lose', call: 'DELETE ', when: 'after' })
      await hypervisor.removeSnapshot(vm, 's1')
      assert.equal(standIn.tasks('qmdelsnapshot').length, 1)
    }))

  test('a start whose answer is lost, and one that meets a held lock', () =>
    withProxmox({}, async ({ standIn, machine, hypervisor, vm }) => {
      await machine.stop()
      standIn.fault({ kind: 'lose', call: 'POST .*status/start', when: 'after' })
      await hypervisor.powerOn(vm)
      await machine.stop()
      standIn.holdFlock(100, 500)
      await hypervisor.powerOn(vm)
      assert.equal(await hypervisor.power(vm), 'running')
    }))
})

async function refusedWith(hint: RegExp, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof StillshotError, String(error))
    assert.equal(error.code, 'hypervisor-refused', error.message)
    assert.match(error.hint, hint)
    return true
  })
}
