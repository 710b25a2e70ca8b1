// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type OpenedVsphere, type OpenOptions, withVsphere } from './open-vsphere.ts'

const REQUEST = { name: 's1', description: '', quiesce: true }

/** With VMware Tools that run in the guest. */
function withTools(body: (opened: OpenedVsphere) => Promise<void>, options: OpenOptions = {}): Promise<void> {
  return withVsphere(options, async (opened) => {
    await opened.machine.start()
    opened.machine.agent = 'running'
    await opened.simulator.set({ vm: 'db1', toolsRunning: true })
    await body(opened)
  })
}

describe('quiescing on vSphere', () => {
  test('a snapshot that asked for it says that it came true, and the guest is thawed', () =>
    withTools(async ({ hypervisor, machine, vm }) => {
      const codes = (await hypervisor.checkSnapshot(vm, { quiesce: true })).map(({ severity, code }) => [
        severity,
        code,
      ])
      assert.deepEqual(
        codes.find(([, code]) => code === 'agent'),
        ['ok', 'agent'],
      )
      assert.equal((await hypervisor.createSnapshot(vm, REQUEST)).quiesced, true)
      assert.equal(machine.frozen, false)
    }))

  test('one that did not ask is not quiesced and says nothing of it', () =>
    withTools(async ({ hypervisor, vm }) => {
      const { quiesced } = await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      assert.equal(quiesced, undefined)
    }))

  test('an older server is asked by its own call', () =>
    withTools(async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: 'CreateSnapshotEx_Task', where: 'call', fault: 'MethodNotFound' })
      assert.equal((await hypervisor.createSnapshot(vm, REQUEST)).quiesced, true)
      assert.equal((await simulator.state()).tasks.CreateSnapshot_Task, 1)
    }))

  test('without Tools vSphere leaves it out and says nothing: stillshot says it before and after', () =>
    withVsphere({}, async ({ hypervisor, vm }) => {
      const silent = (await hypervisor.checkSnapshot(vm, { quiesce: true })).filter(
        ({ code }) => code === 'agent-silent',
      )
      assert.deepEqual(
        silent.map(({ severity, message }) => [severity, message]),
        [['refuse', 'VMware Tools do not run in db1 (guestToolsNotRunning), so vSphere cannot freeze it']],
      )
      const asked = (await hypervisor.checkSnapshot(vm)).map(({ code }) => code)
      assert.equal(asked.includes('agent-silent'), false)
      assert.equal((await hypervisor.createSnapshot(vm, REQUEST)).quiesced, false)
    }))

  test('a guest that cannot be frozen: no snapshot, a hint that leads into the guest', () =>
    withTools(async ({ hypervisor, machine, vm }) => {
      machine.agent = 'refuses-to-freeze'
      await assert.rejects(hypervisor.createSnapshot(vm, REQUEST), {
        code: 'hypervisor-refused',
        message: /ApplicationQuiesceFault/,
        hint: /freeze script/,
      })
      assert.deepEqual(await hypervisor.listSnapshots(vm), [])
    }))
})
