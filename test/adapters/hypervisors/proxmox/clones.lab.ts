// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cloneId } from '../../../../adapters/hypervisors/proxmox/clone-mark.ts'
import type { Finding } from '../../../../src/finding.ts'
import type { Privilege } from '../../../labs/proxmox/access/privileges.ts'
import { MemoryMachine } from '../../../labs/proxmox/machines/memory-machine.ts'
import { RELEASE_8 } from '../../../labs/proxmox/release.ts'
import { CLONING, type OpenedProxmox, type OpenOptions, withProxmox } from './open-proxmox.ts'

const NAME = 'stillshot-01JD0000000000000000000001'
const ID = Number(cloneId(NAME))
const OUTSIDE = { args: '-netdev user,id=n1', virtiofs0: 'dirid=share', ivshmem: 'size=32', onboot: 1 }
const REQUEST = { snapshotName: 's1', name: NAME }

async function refusalsOf(findings: Promise<readonly Finding[]>): Promise<readonly string[]> {
  return (await findings).filter(({ severity }) => severity === 'refuse').map(({ code }) => code)
}

function withSnapshot(options: OpenOptions, body: (opened: OpenedProxmox) => Promise<void>): Promise<void> {
  return withProxmox({ privileges: CLONING, ...options }, async (opened) => {
    opened.standIn.grant('stillshot@pve', '/storage', 'Datastore.AllocateSpace')
    opened.standIn.grant('stillshot@pve', '/sdn', 'SDN.Use')
    await opened.hypervisor.createSnapshot(opened.vm, { name: 's1', description: '' })
    await body(opened)
  })
}

describe('copies on Proxmox VE', () => {
  test('no network card, no start at boot, less memory when asked, and a mark that a person can read', () =>
    withSnapshot({ config: { onboot: 1, memory: '2048', balloon: 1024 } }, async ({ hypervisor, standIn, vm }) => {
      await hypervisor.clones.create(vm, { ...REQUEST, memoryBytes: 512 * 1024 ** 2 })
      const { config } = standIn.guest(ID)
      assert.deepEqual([config.net0, config.onboot, config.memory, config.balloon], [undefined, '0', '512', '0'])
      assert.match(String(config.description), /stillshot copy .*"of":"100".*"snapshot":"s1"/)
      assert.deepEqual((await hypervisor.findVm('100')).macs, vm.macs)
    }))

  test('an answer that is lost is settled by looking: one copy, one task', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      standIn.fault({ kind: 'lose', call: '^POST .*/clone$', when: 'after' })
      standIn.fault({ kind: 'slow', task: 'qmclone', point: 'disks', ms: 50 })
      standIn.fault({ kind: 'lose', call: `^PUT .*/${ID}/config$`, when: 'after' })
      await hypervisor.clones.create(vm, REQUEST)
      assert.equal(standIn.tasks('qmclone').length, 1)
      assert.deepEqual((await hypervisor.clones.find(vm, NAME))?.macs, [])
      standIn.fault({ kind: 'lose', call: `^DELETE .*/${ID}`, when: 'after' })
      await hypervisor.clones.remove(vm, NAME)
      assert.equal(standIn.cluster.guests.has(ID), false)
    }))

  test('one that still has its network cards is not found, and is removed', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      standIn.fault({ kind: 'answer', call: `^PUT .*/${ID}/config$`, when: 'before', status: 500, reason: 'no quorum' })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { message: /take the network cards out.*no quorum/ })
      assert.equal(await hypervisor.clones.find(vm, NAME), undefined)
      await hypervisor.clones.remove(vm, NAME)
      assert.equal(standIn.cluster.guests.has(ID), false)
    }))

  test('a task that failed leaves nothing; one that was killed leaves a lock, and it is said what to type', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      standIn.fault({ kind: 'fail', task: 'qmclone', point: 'disks', message: 'No space left on device' })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { code: 'storage-full' })
      assert.equal(standIn.cluster.guests.has(ID), false)
      standIn.fault({ kind: 'kill', task: 'qmclone', point: 'disks' })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { message: /was killed/ })
      assert.equal(await hypervisor.clones.find(vm, NAME), undefined)
      await assert.rejects(hypervisor.clones.remove(vm, NAME), (error: { hint?: string }) => {
        assert.match(error.hint ?? '', new RegExp(`qm unlock ${ID} && qm destroy ${ID}`))
        return true
      })
    }))

  test('a copy of a protected VM is removed, whole or half made, and the VM stays protected', () =>
    withSnapshot({ config: { protection: 1 } }, async ({ hypervisor, standIn, vm }) => {
      await hypervisor.clones.create(vm, REQUEST)
      assert.equal(standIn.guest(ID).config.protection, '0')
      await hypervisor.clones.remove(vm, NAME)
      standIn.fault({ kind: 'answer', call: `^PUT .*/${ID}/config$`, when: 'before', status: 500, reason: 'no quorum' })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { message: /no quorum/ })
      await hypervisor.clones.remove(vm, NAME)
      assert.equal(standIn.cluster.guests.has(ID), false)
      assert.equal(standIn.guest(100).config.protection, 1)
    }))

  test('a VM that has the id by chance is neither copied over nor removed', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      standIn.addGuest({ vmid: ID, machine: new MemoryMachine([]), config: { name: 'other', description: 'mine' } })
      await assert.rejects(hypervisor.clones.create(vm, REQUEST), { code: 'hypervisor-refused' })
      await assert.rejects(hypervisor.clones.remove(vm, NAME), { message: /does not say that it is our copy/ })
      assert.equal(standIn.tasks('qmclone').length, 0)
      const codes = (await hypervisor.clones.check(vm, REQUEST)).map(({ code }) => code)
      assert.ok(codes.includes('name-taken'))
    }))

  test('a locked VM is waited for', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      standIn.backUp(100, 700)
      await hypervisor.clones.create(vm, REQUEST)
      assert.ok(await hypervisor.clones.find(vm, NAME))
    }))

  test('before release 9 the privilege for the agent is VM.Monitor', () =>
    withSnapshot(
      { release: RELEASE_8, privileges: [...CLONING, 'VM.Monitor'] },
      async ({ hypervisor, standIn, vm }) => {
        assert.deepEqual(await refusalsOf(hypervisor.clones.check(vm, REQUEST)), [])
        standIn.grant('stillshot@pve', `/vms/${ID}`, ...CLONING)
        assert.deepEqual(await refusalsOf(hypervisor.clones.check(vm, REQUEST)), ['missing-privilege'])
      },
    ))

  test('a VM that reaches out of itself, or whose half made copy would, is refused', () =>
    withSnapshot({ config: OUTSIDE }, async ({ hypervisor, vm }) => {
      const findings = await hypervisor.clones.check(vm, REQUEST)
      const refusals = findings.filter(({ severity }) => severity === 'refuse')
      assert.deepEqual(
        refusals.map(({ code }) => code),
        ['passed-through', 'own-arguments', 'starts-at-boot'],
      )
      assert.match(refusals[0]?.message ?? '', /\(ivshmem, virtiofs0\)/)
      assert.match(refusals[2]?.hint ?? '', /qm set 100 --onboot 0/)
    }))

  test('the look before names every privilege that is missing, and devices of the node', () =>
    withSnapshot({ config: { hostpci0: '0000:01:00', serial0: 'socket' } }, async ({ hypervisor, standIn, vm }) => {
      const some: readonly Privilege[] = ['VM.Audit', 'VM.Snapshot', 'VM.PowerMgmt', 'VM.Config.Options']
      standIn.grant('stillshot@pve', `/vms/${ID}`, ...some)
      const refusals = (await hypervisor.clones.check(vm, REQUEST))
        .filter(({ severity }) => severity === 'refuse')
        .map(({ message }) => message)
      assert.deepEqual(refusals.slice(0, 4), [
        `VM.Allocate on /vms/${ID} is missing`,
        `VM.Config.Network on /vms/${ID} is missing`,
        `VM.Config.Memory on /vms/${ID} is missing`,
        `VM.GuestAgent.Unrestricted on /vms/${ID} is missing`,
      ])
      assert.match(refusals[4] ?? '', /devices of its node \(hostpci0\)/)
    }))

  test('a kept copy is kept by one write, whose answer may be lost, and a person may write below its mark', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      await hypervisor.clones.create(vm, { ...REQUEST, as: 'rescue' })
      standIn.fault({ kind: 'lose', call: `^PUT .*/${ID}/config$`, when: 'after' })
      await hypervisor.clones.keep(vm, NAME, 'rescue')
      const { config } = standIn.guest(ID)
      assert.equal(config.name, 'rescue')
      Object.assign(config, { name: 'old-shop', description: `${config.description}\nask Ada before it goes` })
      const [kept] = await hypervisor.clones.listKept()
      assert.deepEqual([kept?.name, kept?.id, kept?.source], ['old-shop', NAME, '100'])
      await hypervisor.clones.remove(vm, NAME)
      assert.ok(standIn.cluster.guests.has(ID))
      assert.ok(kept)
      standIn.fault({ kind: 'lose', call: `^DELETE .*/${ID}`, when: 'after' })
      await hypervisor.clones.removeKept(kept)
      assert.equal(standIn.cluster.guests.has(ID), false)
    }))

  test('what somebody made out of a kept copy is none, and neither is one whose mark is gone', () =>
    withSnapshot({}, async ({ hypervisor, standIn, vm }) => {
      await hypervisor.clones.create(vm, { ...REQUEST, as: 'rescue' })
      await hypervisor.clones.keep(vm, NAME, 'rescue')
      const [kept] = await hypervisor.clones.listKept()
      assert.ok(kept)
      const { config } = standIn.guest(ID)
      const twin = ID === 900_000_001 ? 900_000_002 : 900_000_001
      standIn.addGuest({ vmid: twin, machine: new MemoryMachine([]), config: { ...config, name: 'twin-of-it' } })
      assert.deepEqual(
        (await hypervisor.clones.listKept()).map(({ nativeId }) => nativeId),
        [String(ID)],
      )
      await assert.rejects(hypervisor.clones.removeKept({ ...kept, nativeId: String(twin) }), {
        code: 'hypervisor-refused',
      })
      config.description = 'my own words'
      assert.deepEqual(await hypervisor.clones.listKept(), [])
      await assert.rejects(hypervisor.clones.removeKept(kept), { code: 'hypervisor-refused' })
      await assert.rejects(hypervisor.clones.remove(vm, NAME), { code: 'hypervisor-refused' })
      assert.ok(standIn.cluster.guests.has(ID))
    }))

  test('disks on ZFS are named before there is a snapshot, each with what to type', () =>
    withProxmox(
      {
        privileges: CLONING,
        storages: [{ name: 'local', type: 'zfspool', totalBytes: 2 ** 40, usedBytes: 0 }],
      },
      async ({ hypervisor, standIn, vm }) => {
        standIn.grant('stillshot@pve', '/storage', 'Datastore.Audit')
        const findings = await hypervisor.clones.checkStorage(vm)
        assert.ok(findings.length > 0)
        for (const { message, hint } of findings) {
          const [, disk = ''] = /^(\w+) lies on local \(ZFS\)/.exec(message) ?? []
          assert.match(hint, new RegExp(`qm disk move 100 ${disk} STORAGE`))
        }
        await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
        const refused = (await hypervisor.clones.check(vm, REQUEST)).filter(({ code }) => code === 'no-copy')
        assert.deepEqual(refused, findings, 'one for each disk')
      },
    ))
})
