import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { disksOf, type HypervisorSuite, hypervisorCase, rejectsWith } from './under-test.ts'

/** Finding the VM and looking at it. */
export function findingCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'check() names product and version', async ({ hypervisor }) => {
    const info = await hypervisor.check()
    assert.notEqual(info.product, '')
    assert.match(info.version, /^\d/)
  })

  hypervisorCase(suite, 'findVm() finds by native id, UUID and name', async ({ hypervisor, vm }) => {
    assert.deepEqual(await hypervisor.findVm(vm.nativeId), vm)
    assert.deepEqual(await hypervisor.findVm(vm.uuid), vm)
    assert.deepEqual(await hypervisor.findVm(vm.name), vm)
    assert.equal(vm.hypervisor, hypervisor.name)
    assert.match(vm.uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
    assert.equal(vm.power, 'running')
  })

  hypervisorCase(suite, 'findVm() tells each disk with size, bus and serial', async ({ vm }) => {
    const [first, second] = suite.disks ?? ['vda', 'vdb']
    const { bus = 'virtio', serial = 'first', mountPoints } = suite
    const [firstBus, secondBus] = typeof bus === 'string' ? [bus, bus] : bus
    const seen =
      mountPoints === undefined ? { serial, units: [0, 1] } : { serial: undefined, units: [undefined, undefined] }
    assert.deepEqual(
      vm.disks.map((disk) => [disk.id, disk.covered, disk.sizeBytes > 0, disk.bus]),
      [
        [first, true, true, firstBus],
        [second, true, true, secondBus],
      ],
    )
    assert.equal(vm.disks[0]?.serial, seen.serial)
    assert.equal(vm.disks[1]?.serial, undefined)
    assert.deepEqual(
      vm.disks.map((disk) => disk.unit),
      seen.units,
    )
    assert.deepEqual(
      vm.disks.flatMap(({ mountPoint }) => mountPoint?.path ?? []),
      mountPoints ?? [],
    )
  })

  hypervisorCase(suite, 'findVm() of an unknown VM rejects with vm-not-found', async ({ hypervisor }) => {
    await rejectsWith('vm-not-found', hypervisor.findVm('no-such-vm'))
  })

  hypervisorCase(suite, 'findVm() of a reference that means two VMs rejects with vm-ambiguous', async (under) => {
    const reference = await under.makeAmbiguous()
    await rejectsWith('vm-ambiguous', under.hypervisor.findVm(reference))
  })

  hypervisorCase(suite, 'listVms() has each VM once, with tags and places', async ({ hypervisor, vm }) => {
    const all = await hypervisor.listVms()
    assert.equal(new Set(all.map(({ nativeId }) => nativeId)).size, all.length)
    const [own, ...more] = all.filter(({ nativeId }) => nativeId === vm.nativeId)
    assert.ok(own !== undefined && more.length === 0)
    const { nativeId: _, name, uuid = vm.uuid, tags, ...places } = own
    const expected = { tags: [], ...suite.facts }
    assert.deepEqual({ name, uuid, tags: tags.toSorted(), ...places }, { name: vm.name, uuid: vm.uuid, ...expected })
  })

  hypervisorCase(suite, 'listVms() has both VMs of one name', async (under) => {
    const before = (await under.hypervisor.listVms()).length
    const reference = await under.makeAmbiguous()
    const all = await under.hypervisor.listVms()
    const meant = all.filter(({ nativeId, name, uuid }) => [nativeId, name, uuid].includes(reference))
    assert.deepEqual([meant.length, all.length >= before], [2, true])
  })

  hypervisorCase(
    suite,
    'listBackups() gives the backups of that time, and is absent where there are none',
    async (under) => {
      const { hypervisor, vm, makeBackup } = under
      assert.equal(hypervisor.listBackups === undefined, makeBackup === undefined)
      const atMs = Date.UTC(2026, 10, 27, 2, 30)
      const names = [await makeBackup?.(atMs - 60_000), await makeBackup?.(atMs), await makeBackup?.(atMs + 60_000)]
      const begun = { fromMs: atMs - 1_000, toMs: atMs + 1_000 }
      const listed = (await hypervisor.listBackups?.(vm, begun)) ?? [{ name: undefined, disks: [disksOf(under)[0]] }]
      assert.deepEqual(
        listed.map(({ name, disks }) => [name, disks]),
        [[names[1], [disksOf(under)[0]]]],
      )
    },
  )

  hypervisorCase(suite, 'countUuid() counts the VMs with a UUID', async ({ hypervisor, vm }) => {
    assert.equal(await hypervisor.countUuid(vm.uuid), 1)
    assert.equal(await hypervisor.countUuid('00000000-dead-4000-8000-000000000000'), 0)
  })

  hypervisorCase(suite, 'checkSnapshot() of a fit VM refuses nothing and changes nothing', async (under) => {
    const before = await under.storage()
    const findings = await under.hypervisor.checkSnapshot(under.vm)
    assert.deepEqual(
      findings.filter((finding) => finding.severity === 'refuse'),
      [],
    )
    assert.deepEqual(await under.storage(), before)
  })

  hypervisorCase(suite, 'storage() tells what the disks lie on, or why not, and changes nothing', async (under) => {
    const before = await under.storage()
    const { hypervisor, vm } = under
    const told = await hypervisor.storage(vm)
    assert.notEqual(told.length, 0)
    for (const storage of told) {
      assert.notEqual(storage.name, '')
      assert.ok(storage.kind !== 'unknown' || storage.why.includes(' '), storage.name)
    }
    assert.deepEqual(await hypervisor.storage(vm), told)
    assert.deepEqual(await under.storage(), before)
    await rejectsWith('cancelled', hypervisor.storage(vm, { signal: AbortSignal.abort() }))
  })

  hypervisorCase(suite, 'an aborted call rejects with cancelled and does nothing', async ({ hypervisor, vm }) => {
    const signal = AbortSignal.abort()
    await rejectsWith('cancelled', hypervisor.findVm(vm.name, { signal }))
    await rejectsWith('cancelled', hypervisor.listVms({ signal }))
    await rejectsWith('cancelled', hypervisor.createSnapshot(vm, { name: 's1', description: '' }, { signal }))
    assert.deepEqual(await hypervisor.listSnapshots(vm), [])
  })

  hypervisorCase(suite, 'byHand() names the VM and the snapshot', async ({ hypervisor, vm }) => {
    assert.ok(hypervisor.byHand(vm, 'create-snapshot', 's1').includes('s1'))
    assert.ok(hypervisor.byHand(vm, 'remove-snapshot', 's1').includes('s1'))
    assert.ok(hypervisor.byHand(vm, 'roll-back', 's1').includes('s1'))
    assert.ok(hypervisor.byHand(vm, 'power-on', 's1').includes(vm.nativeId))
  })

  hypervisorCase(suite, 'byHand() is one line that a shell takes as it is', async ({ hypervisor, vm }) => {
    for (const act of ['create-snapshot', 'remove-snapshot', 'roll-back', 'power-on'] as const) {
      const words = hypervisor.byHand(vm, act, "it's")
      assert.doesNotMatch(words, /\n/)
      const { status, stderr } = spawnSync('sh', ['-n', '-c', words])
      assert.equal(status, 0, `${words}: ${stderr}`)
    }
  })

  hypervisorCase(suite, 'close() is safe twice', async ({ hypervisor }) => {
    await hypervisor.check()
    await hypervisor.close()
    await hypervisor.close()
  })
}
