// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import type { Storage } from '../../../labs/proxmox/guests/storage.ts'
import { type OpenedProxmox, type OpenOptions, withProxmox } from './open-proxmox.ts'

const POST = 'POST .*rollback$'
const TO_S1 = { snapshotName: 's1', token: 'one' }
const GIB = 1024 ** 3
const ZFS: Storage = { name: 'local', type: 'zfspool', totalBytes: 100 * GIB, usedBytes: 0 }

/** A VM with a snapshot that holds 1, and 2 written since. */
function withSnapshot(options: OpenOptions, body: (opened: OpenedProxmox) => Promise<void>): Promise<void> {
  return withProxmox(options, async (opened) => {
    write(opened, '1')
    await opened.hypervisor.createSnapshot(opened.vm, { name: 's1', description: 'grade=pending ' })
    write(opened, '2')
    await body(opened)
  })
}

function write({ machine }: OpenedProxmox, content: string): void {
  for (const disk of machine.disks.keys()) machine.write(disk, content)
}

function contents({ machine }: OpenedProxmox): string {
  return [...machine.disks.keys()].map((disk) => machine.read(disk)).join(' ')
}

describe('a roll back on Proxmox VE when something goes wrong', () => {
  for (const [when, outcome, content] of [
    ['after', 'rolled-back', '1 1'],
    ['before', 'untouched', '2 2'],
  ] as const) {
    test(`its answer is lost ${when} the work: it is settled as ${outcome}, by another process too`, () =>
      withSnapshot({}, async (opened) => {
        const { standIn, hypervisor, another, vm } = opened
        standIn.fault({ kind: 'lose', call: POST, when })
        await rejectsWith('answer-lost', hypervisor.rollBack(vm, TO_S1))
        assert.equal(await another().settleRollBack(vm, TO_S1), outcome)
        assert.equal(await hypervisor.settleRollBack(vm, TO_S1), outcome)
        assert.equal(contents(opened), content)
        assert.equal((await hypervisor.listSnapshots(vm))[0]?.description, 'grade=pending ')
      }))
  }

  test('its answer is lost and the task is slow: settling follows it', () =>
    withSnapshot({}, async (opened) => {
      const { standIn, hypervisor, vm } = opened
      standIn.fault({ kind: 'lose', call: POST, when: 'after' })
      standIn.fault({ kind: 'slow', task: 'qmrollback', point: 'disk virtio1', ms: 800 })
      await rejectsWith('answer-lost', hypervisor.rollBack(vm, TO_S1))
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'rolled-back')
      assert.equal(contents(opened), '1 1')
    }))

  test('its worker is killed between two disks: it names what to type, and is then done to the end', () =>
    withSnapshot({}, async (opened) => {
      const { standIn, hypervisor, vm } = opened
      standIn.fault({ kind: 'kill', task: 'qmrollback', point: 'disk virtio1' })
      await rejectsWith('hypervisor-refused', hypervisor.rollBack(vm, TO_S1))
      assert.equal(contents(opened), '1 2')
      await assert.rejects(hypervisor.settleRollBack(vm, TO_S1), (error) => {
        assert.ok(error instanceof StillshotError)
        assert.match(error.hint, /qm unlock 100/)
        return true
      })
      standIn.unlock(100)
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'rolled-back')
      assert.equal(contents(opened), '1 1')
      assert.equal(await hypervisor.power(vm), 'off')
    }))

  test('it was killed between two disks, unlocked and started: nobody but a person goes on', () =>
    withSnapshot({}, async (opened) => {
      const { standIn, machine, hypervisor, vm } = opened
      const guest = standIn.guest(100)
      guest.startedAt -= 3_600_000
      standIn.fault({ kind: 'kill', task: 'qmrollback', point: 'disk virtio1' })
      await rejectsWith('hypervisor-refused', hypervisor.rollBack(vm, TO_S1))
      standIn.unlock(100)
      await machine.start()
      guest.startedAt += 3_600_000
      await rejectsWith('hypervisor-refused', hypervisor.settleRollBack(vm, TO_S1))
      assert.equal(contents(opened), '1 2')
    }))

  test('its worker is killed before it stopped the VM: nothing happened', () =>
    withSnapshot({}, async (opened) => {
      const { standIn, hypervisor, vm } = opened
      standIn.fault({ kind: 'kill', task: 'qmrollback', point: 'begun' })
      await rejectsWith('hypervisor-refused', hypervisor.rollBack(vm, TO_S1))
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'untouched')
      assert.equal(contents(opened), '2 2')
      assert.equal(await hypervisor.power(vm), 'running')
    }))

  test('its worker is killed at the very end: it happened, and is not done again', () =>
    withSnapshot({}, async (opened) => {
      const { standIn, machine, hypervisor, vm } = opened
      standIn.fault({ kind: 'kill', task: 'qmrollback', point: 'done' })
      await rejectsWith('hypervisor-refused', hypervisor.rollBack(vm, TO_S1))
      assert.equal(contents(opened), '1 1')
      await machine.start()
      write(opened, '3')
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'rolled-back')
      assert.equal(contents(opened), '3 3')
    }))

  test('a roll back by somebody else to another snapshot is not ours', () =>
    withSnapshot({}, async (opened) => {
      const { standIn, hypervisor, another, vm } = opened
      await hypervisor.createSnapshot(vm, { name: 's2', description: '' })
      standIn.fault({ kind: 'lose', call: POST, when: 'before' })
      await rejectsWith('answer-lost', hypervisor.rollBack(vm, TO_S1))
      const other = another({ login: { kind: 'password', username: 'stillshot@pve', password: async () => 'secret' } })
      await other.rollBack(vm, { snapshotName: 's2', token: 'other' })
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'untouched')
    }))

  test('a grade that is written between the mark and the end stays', () =>
    withSnapshot({}, async ({ hypervisor, vm }) => {
      await hypervisor.rollBack(vm, TO_S1)
      await hypervisor.describeSnapshot(vm, 's1', 'grade=db-stopped')
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'rolled-back')
      assert.equal((await hypervisor.listSnapshots(vm))[0]?.description, 'grade=db-stopped')
    }))
})

describe('what speaks against a roll back on Proxmox VE', () => {
  test('ZFS rolls back to its newest snapshot only', () =>
    withSnapshot({ storages: [ZFS], privileges: ['VM.Audit', 'VM.Snapshot', 'VM.PowerMgmt'] }, async (opened) => {
      const { standIn, hypervisor, vm } = opened
      await hypervisor.createSnapshot(vm, { name: 's2', description: '' })
      // Without the right to see the storage it is said that this was not checked, and the node refuses it itself.
      const codes = (await hypervisor.checkRollBack(vm, 's1')).map(({ code }) => code)
      assert.ok(codes.includes('not-checked'), String(codes))
      await rejectsWith('not-supported', hypervisor.rollBack(vm, TO_S1))
      assert.equal(await hypervisor.power(vm), 'running')
      standIn.grant('stillshot@pve', '/storage', 'Datastore.Audit')
      const refusing = (await hypervisor.checkRollBack(vm, 's1')).filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(
        refusing.map(({ code, error }) => [code, error]),
        [['not-newest', 'not-supported']],
      )
      assert.equal(await hypervisor.settleRollBack(vm, TO_S1), 'untouched')
      assert.ok((await hypervisor.checkRollBack(vm, 's2')).some(({ code }) => code === 'newest-only'))
      await hypervisor.rollBack(vm, { snapshotName: 's2', token: 'two' })
    }))

  test('a snapshot with memory asks for a consent, and the VM runs on from it', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      const section = standIn.guest(100).snapshots.get('s1')
      if (section) section.vmstate = 'local:100/vm-100-state-s1.raw'
      assert.equal((await hypervisor.listSnapshots(vm))[0]?.memory, true)
      const findings = await hypervisor.checkRollBack(vm, 's1')
      assert.deepEqual(
        findings.flatMap(({ consent }) => consent ?? []),
        ['memory'],
      )
      assert.ok(findings.every(({ severity }) => severity !== 'refuse'))
      await hypervisor.rollBack(vm, TO_S1)
      assert.equal(await hypervisor.power(vm), 'running')
    }))

  test('what else changes is told: configuration, disks that were added', () =>
    withSnapshot({}, async ({ standIn, hypervisor, vm }) => {
      const { config } = standIn.guest(100)
      config.cores = 8
      config.virtio2 = 'local:100/vm-100-disk-2.qcow2,size=1G'
      const findings = await hypervisor.checkRollBack(vm, 's1')
      const messageOf = (code: string) => findings.find((finding) => finding.code === code)?.message
      assert.equal(messageOf('configuration-replaced'), 'the configuration goes back, too: cores, virtio2')
      assert.match(messageOf('disk-not-in-snapshot') ?? '', /virtio2/)
    }))

  test('without VM.PowerMgmt the VM could not be started again', () =>
    withSnapshot({ privileges: ['VM.Audit', 'VM.Snapshot'] }, async ({ hypervisor, vm }) => {
      const refusing = (await hypervisor.checkRollBack(vm, 's1')).filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(
        refusing.map(({ message }) => message),
        ['VM.PowerMgmt on /vms/100 is missing'],
      )
    }))
})
