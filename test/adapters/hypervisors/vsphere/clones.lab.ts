// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../../src/finding.ts'
import { type OpenedVsphere, withVsphere } from './open-vsphere.ts'

const NAME = 'stillshot-01JD0000000000000000000001'
const REQUEST = { snapshotName: 's1', name: NAME }
const MIB = 1024 ** 2

/** A VM with the snapshot `s1`. */
function withSnapshot(body: (opened: OpenedVsphere) => Promise<void>): Promise<void> {
  return withVsphere({}, async (opened) => {
    await opened.hypervisor.createSnapshot(opened.vm, { name: 's1', description: '' })
    await body(opened)
  })
}

function refused(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ severity }) => severity === 'refuse').map(({ message }) => message)
}

describe('copies of a VM on vSphere', () => {
  test('a lost answer is settled by looking: one copy, and no second one', () =>
    withSnapshot(async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: 'CloneVM_Task', where: 'after', delayMs: 500 })
      await hypervisor.clones.create(vm, REQUEST)
      assert.equal((await simulator.state()).tasks.CloneVM_Task, 1)
      assert.equal((await hypervisor.clones.find(vm, NAME))?.power, 'off')
    }))

  test('a request that never arrived is not repeated', () =>
    withSnapshot(async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: 'CloneVM_Task', where: 'before' })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { code: 'answer-lost' })
      assert.equal((await simulator.state()).tasks.CloneVM_Task, undefined)
    }))

  test('a task that fails leaves nothing, and says why', () =>
    withSnapshot(async ({ simulator, hypervisor, vm }) => {
      await simulator.rule({ method: 'CloneVM_Task', where: 'task', fault: 'NoDiskSpace' })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { code: 'storage-full' })
      assert.equal(await hypervisor.clones.find(vm, NAME), undefined)
    }))

  test('one that is still being made is not there yet, and is removed to its end', () =>
    withSnapshot(async ({ simulator, hypervisor, machines, vm }) => {
      await simulator.rule({ method: 'CloneVM_Task', delayMs: 1_500 })
      const given = new AbortController()
      const making = hypervisor.clones.create(vm, REQUEST, { signal: given.signal })
      while ((await simulator.state()).tasks.CloneVM_Task === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      given.abort()
      await assert.rejects(making)
      assert.equal(await hypervisor.clones.find(vm, NAME), undefined)
      await hypervisor.clones.remove(vm, NAME)
      assert.deepEqual([...machines.keys()], ['db1'])
    }))

  test('its memory is what was asked for, in pieces that vSphere takes, and never more than that of the VM', () =>
    withSnapshot(async ({ simulator, hypervisor, vm }) => {
      const own = (await simulator.state()).memoryMib.db1 ?? 0
      assert.ok(own > 20)
      for (const [memoryBytes, memoryMib] of [
        [21.5 * MIB, 20],
        [2 * own * MIB, own],
      ] as const) {
        await hypervisor.clones.create(vm, { ...REQUEST, memoryBytes })
        assert.equal((await simulator.state()).memoryMib[NAME], memoryMib)
        await hypervisor.clones.remove(vm, NAME)
      }
    }))

  test('a copy of another VM is neither found nor removed', () =>
    withSnapshot(async ({ hypervisor, vm }) => {
      await hypervisor.clones.create(vm, REQUEST)
      // It can itself stand for a VM that has no copies.
      const copy = await hypervisor.clones.find(vm, NAME)
      assert.ok(copy)
      assert.equal(await hypervisor.clones.find(copy, NAME), undefined)
      await assert.rejects(hypervisor.clones.remove(copy, NAME), { code: 'hypervisor-refused' })
      assert.ok(await hypervisor.clones.find(vm, NAME))
    }))

  test('no snapshot is removed on which a copy stands, or that one before it, and the error names the copy', () =>
    withSnapshot(async ({ hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, { name: 's2', description: '' })
      await hypervisor.clones.create(vm, { ...REQUEST, snapshotName: 's2' })
      for (const name of ['s2', 's1']) {
        await assert.rejects(hypervisor.removeSnapshot(vm, name), {
          code: 'snapshot-has-branches',
          message: new RegExp(`${NAME}.* s2, .*${name}`),
        })
      }
      await hypervisor.clones.remove(vm, NAME)
      await hypervisor.removeSnapshot(vm, 's1')
      assert.deepEqual(
        (await hypervisor.listSnapshots(vm)).map(({ name }) => name),
        ['s2'],
      )
    }))

  test('a kept copy holds its snapshot and those before it, under any name, and lets later ones go', () =>
    withSnapshot(async ({ simulator, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, { name: 's2', description: '' })
      await hypervisor.createSnapshot(vm, { name: 's3', description: '' })
      await hypervisor.clones.create(vm, { ...REQUEST, snapshotName: 's2', as: 'rescue' })
      await simulator.rule({ method: 'ReconfigVM_Task', where: 'after' })
      await hypervisor.clones.keep(vm, NAME, 'rescue')
      for (const name of ['s1', 's2']) {
        await assert.rejects(hypervisor.removeSnapshot(vm, name), {
          code: 'snapshot-has-branches',
          message: /rescue .* s2/,
          hint: /--copies/,
        })
      }
      await hypervisor.removeSnapshot(vm, 's3')
      const [kept] = await hypervisor.clones.listKept()
      assert.ok(kept)
      // As somebody else’s clone of it would be: the line is there, the id is another.
      await assert.rejects(hypervisor.clones.removeKept({ ...kept, id: 'stillshot-other' }), {
        code: 'hypervisor-refused',
      })
      await hypervisor.clones.removeKept(kept)
      await hypervisor.removeSnapshot(vm, 's1')
    }))

  test('a full datastore, and each missing privilege with its place, are told before', () =>
    withSnapshot(async ({ simulator, hypervisor, vm }) => {
      await simulator.withhold(
        'VirtualMachine.Provisioning.Clone',
        'Resource.AssignVMToPool',
        'Datastore.AllocateSpace',
      )
      await simulator.set({ vm: 'db1', freeBytes: MIB })
      const said = refused(await hypervisor.clones.check(vm, REQUEST)).join('\n')
      assert.match(said, /^VirtualMachine\.Provisioning\.Clone on db1 is missing$/m)
      assert.match(said, /^Resource\.AssignVMToPool on the resource pool of db1 is missing$/m)
      assert.match(said, /^Datastore\.AllocateSpace on datastore \S+ is missing$/m)
      assert.match(said, /^only 1 MiB free on LocalDS_0/m)
    }))

  test('an ESXi host by itself makes no copies and says so', () =>
    withVsphere({ esx: true }, async ({ hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      assert.match(refused(await hypervisor.clones.check(vm, REQUEST)).join(), /only vCenter copies VMs/)
    }))
})
