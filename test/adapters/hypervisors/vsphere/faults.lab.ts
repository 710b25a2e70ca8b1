// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ErrorCode, StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { type OpenedVsphere, withVsphere } from './open-vsphere.ts'

const CREATE = 'CreateSnapshotEx_Task'
const S1 = { name: 's1', description: 'grade=pending' }

/** One fault of each family, and the code that an administrator reads. */
const FAMILIES: readonly (readonly [fault: string, code: ErrorCode])[] = [
  ['NoPermission', 'hypervisor-refused'],
  ['RestrictedVersion', 'not-supported'],
  ['NoDiskSpace', 'storage-full'],
  ['InsufficientStorageSpace', 'storage-full'],
  ['FileNotFound', 'hypervisor-refused'],
  ['TooManySnapshotLevels', 'hypervisor-refused'],
  ['SnapshotIncompatibleDeviceInVm', 'snapshot-unsupported'],
  ['PhysCompatRDMNotSupported', 'snapshot-unsupported'],
  ['InvalidPowerState', 'hypervisor-refused'],
  ['NotSupported', 'not-supported'],
  ['SystemError', 'hypervisor-refused'],
]

describe('a snapshot on vSphere when something goes wrong', () => {
  test('a fault of each family is told in the call and at the end of the task, and leaves nothing', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      for (const where of ['call', 'task'] as const) {
        for (const [fault, code] of FAMILIES) {
          await simulator.rule({ method: CREATE, where, fault })
          await assert.rejects(hypervisor.createSnapshot(vm, S1), (error) => {
            assert.ok(error instanceof StillshotError, String(error))
            assert.deepEqual([error.code, error.details.fault], [code, fault], `${where}: ${error.message}`)
            assert.match(error.message, new RegExp(`^take snapshot s1 of db1: .*${fault}`))
            assert.notEqual(error.hint, '')
            return true
          })
        }
      }
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
      assert.equal((await hypervisor.createSnapshot(vm, S1)).complete, true)
    }))

  test('a privilege that is missing is named with the object', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      const privilege = 'VirtualMachine.State.CreateSnapshot'
      const detail = `<object type="VirtualMachine">vm-1</object><privilegeId>${privilege}</privilegeId>`
      await simulator.rule({ method: CREATE, where: 'call', fault: 'NoPermission', detail })
      await assert.rejects(hypervisor.createSnapshot(vm, S1), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.deepEqual([error.details.privilege, error.details.object], [privilege, 'vm-1'])
        assert.match(error.hint, /^the user|stillshot@vsphere.local lacks VirtualMachine.State.CreateSnapshot/)
        return true
      })
    }))

  test('its answer is lost after the work: it is found, and not made twice', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, where: 'after' })
      const snapshot = await hypervisor.createSnapshot(vm, S1)
      assert.equal((await simulator.state()).tasks[CREATE], 1)
      assert.deepEqual(await hypervisor.listSnapshots(vm), [snapshot])
    }))

  test('its answer is lost and the task is slow: it is followed', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, where: 'after', delayMs: 1_500 })
      assert.equal((await hypervisor.createSnapshot(vm, S1)).name, 's1')
      assert.equal((await simulator.state()).tasks[CREATE], 1)
    }))

  test('its answer is lost before the work: answer-lost, and nothing is there', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, where: 'before' })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1))
      assert.equal((await simulator.state()).tasks[CREATE], undefined)
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))

  test('the service behind the front is away: nothing was done, or it is not known', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, status: 503 })
      await rejectsWith('hypervisor-unreachable', hypervisor.createSnapshot(vm, S1))
      await simulator.rule({ method: CREATE, status: 504 })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1))
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))

  test('vCenter loses the host in the middle of the task: it looks before it says that the answer is lost', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, where: 'task', fault: 'HostCommunication' })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1))
      assert.equal((await simulator.state()).tasks[CREATE], 1)
    }))

  test('a slow task is waited for to its end, without asking again and again', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, delayMs: 3_000 })
      const before = (await simulator.state()).calls
      const begunAt = performance.now()
      await hypervisor.createSnapshot(vm, S1)
      assert.ok(performance.now() - begunAt >= 3_000)
      const { calls } = await simulator.state()
      const asked = (method: string) => (calls[method] ?? 0) - (before[method] ?? 0)
      // One answer that it runs, one that it is done.
      assert.ok(asked('WaitForUpdatesEx') <= 3, String(asked('WaitForUpdatesEx')))
      assert.ok(asked('RetrievePropertiesEx') <= 4, String(asked('RetrievePropertiesEx')))
    }))

  test('the session ends while the task runs: its end is seen in another one', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, delayMs: 2_000 })
      const taken = hypervisor.createSnapshot(vm, S1)
      await untilTask(simulator, CREATE)
      await simulator.expire()
      await taken
      assert.deepEqual((await simulator.state()).tasks, { [CREATE]: 1 })
      assert.equal((await simulator.state()).calls.Login, 2)
    }))

  test('the connection is cut while the task is followed: it is followed on another one', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, delayMs: 1_000 })
      await simulator.rule({ method: 'WaitForUpdatesEx', where: 'before', times: 3 })
      assert.equal((await hypervisor.createSnapshot(vm, S1)).name, 's1')
    }))

  test('another task is at work: it waits, and succeeds', () =>
    withVsphere({}, async ({ simulator, hypervisor, another, vm }) => {
      await simulator.rule({ method: 'PowerOnVM_Task', delayMs: 1_500 })
      await simulator.set({ vm: 'db1', power: 'poweredOff' })
      const started = another().powerOn(vm)
      await untilTask(simulator, 'PowerOnVM_Task')
      await hypervisor.createSnapshot(vm, S1)
      await started
      assert.ok(((await simulator.state()).calls[CREATE] ?? 0) > 1)
    }))

  test('a server without the newer call takes the older one', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, where: 'call', fault: 'MethodNotFound' })
      await hypervisor.createSnapshot(vm, S1)
      assert.deepEqual((await simulator.state()).tasks, { CreateSnapshot_Task: 1 })
    }))

  test('a snapshot on its way that the tree does not have is no snapshot that is not there', () =>
    withVsphere({}, async ({ simulator, hypervisor, another, vm }) => {
      const other = another()
      await other.check()
      await simulator.rule({ method: CREATE, delayMs: 4_000 })
      const taken = hypervisor.createSnapshot(vm, S1)
      await untilTask(simulator, CREATE)
      await rejectsWith('vm-locked', other.listSnapshots(vm))
      await rejectsWith('vm-locked', other.removeSnapshot(vm, 's1'))
      await taken
      assert.equal((await other.listSnapshots(vm)).length, 1)
    }))

  test('what is given up goes on, and says so', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: CREATE, delayMs: 1_500 })
      await rejectsWith('answer-lost', hypervisor.createSnapshot(vm, S1, { timeoutMs: 700 }))
      await untilListed({ hypervisor, vm })
    }))
})

describe('a removal on vSphere when something goes wrong', () => {
  test('its answer is lost: it is looked at again', () =>
    withVsphere({}, async ({ simulator, hypervisor, machine, vm }) => {
      for (const where of ['before', 'after'] as const) {
        await hypervisor.createSnapshot(vm, S1)
        await simulator.rule({ method: 'RemoveSnapshot_Task', where })
        await hypervisor.removeSnapshot(vm, 's1')
        assert.deepEqual(await hypervisor.listSnapshots(vm), [])
      }
      assert.equal(machine.disks.get('scsi0:0')?.snapshots.size, 0)
    }))

  test('disks that could not be merged are merged, by the removal and by one that finds nothing to remove', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, S1)
      for (const merged of [1, 2]) {
        await simulator.set({ vm: 'db1', consolidationNeeded: true })
        await hypervisor.removeSnapshot(vm, 's1')
        assert.equal((await simulator.state()).tasks.ConsolidateVMDisks_Task, merged)
      }
    }))
})

describe('a roll back on vSphere when something goes wrong', () => {
  test('its answer is lost, before or after: settling says what happened', () =>
    withVsphere({}, async ({ simulator, hypervisor, machine, vm }) => {
      machine.write('scsi0:0', 'one')
      await hypervisor.createSnapshot(vm, S1)
      for (const [where, outcome] of [
        ['before', 'untouched'],
        ['after', 'rolled-back'],
      ] as const) {
        machine.write('scsi0:0', 'two')
        await simulator.rule({ method: 'RevertToSnapshot_Task', where })
        const request = { snapshotName: 's1', token: where }
        await rejectsWith('answer-lost', hypervisor.rollBack(vm, request))
        for (const _ of [1, 2]) assert.equal(await hypervisor.settleRollBack(vm, request), outcome)
        assert.equal(machine.read('scsi0:0'), outcome === 'rolled-back' ? 'one' : 'two')
      }
    }))

  test('a fault before anything was touched leaves the VM running', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, S1)
      await simulator.rule({ method: 'RevertToSnapshot_Task', where: 'task', fault: 'NoPermission' })
      const request = { snapshotName: 's1', token: 'one' }
      await rejectsWith('hypervisor-refused', hypervisor.rollBack(vm, request))
      assert.equal(await hypervisor.settleRollBack(vm, request), 'untouched')
      assert.equal(await hypervisor.power(vm), 'running')
      assert.equal((await hypervisor.listSnapshots(vm))[0]?.description, 'grade=pending')
    }))

  test('a task that failed after the VM was stopped is done again, to the end', () =>
    withVsphere({}, async ({ simulator, hypervisor, machine, vm }) => {
      machine.write('scsi0:0', 'one')
      await hypervisor.createSnapshot(vm, S1)
      machine.write('scsi0:0', 'two')
      await simulator.rule({ method: 'RevertToSnapshot_Task', where: 'task', fault: 'FileNotFound' })
      const request = { snapshotName: 's1', token: 'one' }
      await rejectsWith('hypervisor-refused', hypervisor.rollBack(vm, request))
      await machine.stop()
      await simulator.set({ vm: 'db1', power: 'poweredOff' })
      assert.equal(await hypervisor.settleRollBack(vm, request), 'rolled-back')
      assert.equal(machine.read('scsi0:0'), 'one')
    }))
})

/** Until the task has been begun. */
async function untilTask({ state }: OpenedVsphere['simulator'], method: string): Promise<void> {
  while (((await state()).tasks[method] ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function untilListed({ hypervisor, vm }: Pick<OpenedVsphere, 'hypervisor' | 'vm'>): Promise<void> {
  for (;;) {
    const names = await hypervisor.listSnapshots(vm).then(
      (snapshots) => snapshots.map(({ name }) => name),
      (): readonly string[] => [],
    )
    if (names.includes('s1')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
