// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../../src/finding.ts'
import { type OpenedVsphere, withVsphere } from './open-vsphere.ts'

const GIB = 1024 ** 3

function told(all: readonly Finding[], code: string): string {
  return all
    .filter((finding) => finding.code === code)
    .map(({ severity, message, hint }) => `${severity}: ${message}; ${hint}`)
    .join('\n')
}

/** What the look before a snapshot says once the VM is as the test wants it. */
async function looked(
  { simulator, hypervisor, vm }: OpenedVsphere,
  settings: Readonly<Record<string, unknown>>,
): Promise<readonly Finding[]> {
  await simulator.set({ vm: 'db1', ...settings })
  return hypervisor.checkSnapshot(vm)
}

describe('the look before a snapshot on vSphere', () => {
  test('a good VM', () =>
    withVsphere({}, async ({ hypervisor, vm }) => {
      const all = await hypervisor.checkSnapshot(vm)
      assert.deepEqual(
        all.filter(({ severity }) => severity !== 'ok'),
        [],
      )
      assert.match(told(all, 'space'), /^ok: \d+ MiB free on LocalDS_0, 166 MiB needed/)
      assert.match(told(all, 'snapshot-possible'), /scsi0:0, scsi0:1/)
    }))

  test('what keeps a VM from being snapshotted is named, and a good one is good again', () =>
    withVsphere({}, async (opened) => {
      const cases: readonly [object, object, string, RegExp][] = [
        [
          { faultToleranceState: 'running' },
          { faultToleranceState: 'notConfigured' },
          'fault-tolerance',
          /^refuse: db1/,
        ],
        [{ connectionState: 'disconnected' }, { connectionState: 'connected' }, 'vm-away', /^refuse: .* disconnected/],
        [{ template: true }, { template: false }, 'vm-template', /^refuse/],
        [{ consolidationNeeded: true }, { consolidationNeeded: false }, 'consolidation-needed', /^warn/],
        [{ freeBytes: 1024 ** 2 }, { freeBytes: 10 * GIB }, 'space', /^refuse: only 1 MiB free on LocalDS_0, 166 MiB/],
      ]
      for (const [bad, good, code, said] of cases) {
        assert.match(told(await looked(opened, { ...bad }), code), said)
        assert.doesNotMatch(told(await looked(opened, { ...good }), code), /refuse|warn/)
      }
    }))

  test('each missing privilege is named, for a snapshot and for a roll back', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      await simulator.withhold('VirtualMachine.State.CreateSnapshot', 'VirtualMachine.State.RevertToSnapshot')
      const missing = (all: readonly Finding[]) => all.filter(({ code }) => code === 'missing-privilege')
      assert.deepEqual(
        missing(await hypervisor.checkSnapshot(vm)).map(({ severity, message }) => [severity, message]),
        [['refuse', 'VirtualMachine.State.CreateSnapshot on db1 is missing']],
      )
      assert.deepEqual(
        missing(await hypervisor.checkRollBack(vm, 's1')).map(({ message }) => message),
        ['VirtualMachine.State.RevertToSnapshot on db1 is missing'],
      )
    }))

  test('disks that no snapshot contains are named with what to do', () => {
    const disks = [
      { sizeBytes: GIB },
      { sizeBytes: GIB, mode: 'independent_persistent' },
      { sizeBytes: GIB, raw: 'physicalMode' as const },
      { sizeBytes: GIB, raw: 'virtualMode' as const },
      { sizeBytes: GIB, multiWriter: true },
    ]
    return withVsphere({ spec: { disks } }, async ({ hypervisor, vm }) => {
      assert.deepEqual(
        vm.disks.map(({ id, covered }) => [id, covered]),
        [
          ['scsi0:0', true],
          ['scsi0:1', false],
          ['scsi0:2', false],
          ['scsi0:3', true],
          ['scsi0:4', false],
        ],
      )
      const said = told(await hypervisor.checkSnapshot(vm), 'disk-not-covered')
      assert.match(
        said,
        /^warn: disk scsi0:1 \(\[LocalDS_0\] db1\/disk2.vmdk\) is independent .*set its mode to Dependent/m,
      )
      assert.match(said, /^refuse: disk scsi0:2 .* raw device mapping in physical mode: change it to virtual mode/m)
      assert.match(said, /^refuse: disk scsi0:4 .*multi-writer/m)
      assert.doesNotMatch(said, /scsi0:3/)
    })
  })

  test('a shared bus takes all of its disks out', () =>
    withVsphere({ spec: { sharedBus: 'physicalSharing' } }, async ({ hypervisor, vm }) => {
      const said = told(await hypervisor.checkSnapshot(vm), 'disk-not-covered')
      assert.match(
        said,
        /^refuse: disk scsi0:0 .* shared with other VMs \(physicalSharing\): set its bus sharing to None/,
      )
    }))

  test('a chain that is long, one that is full, and a snapshot that is old', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      for (let depth = 1; depth <= 30; depth += 1) {
        await hypervisor.createSnapshot(vm, { name: `s${depth}`, description: '' })
        if (depth === 3) assert.equal(told(await hypervisor.checkSnapshot(vm), 'chain-depth'), '')
        if (depth === 4) assert.match(told(await hypervisor.checkSnapshot(vm), 'chain-depth'), /^warn: db1 stands on 4/)
      }
      await simulator.set({ vm: 'db1', snapshotAgeHours: 100 })
      const all = await hypervisor.checkSnapshot(vm)
      assert.match(told(all, 'chain-full'), /^refuse: db1 stands on 30 snapshots, and vSphere takes 32/)
      assert.match(told(all, 'snapshot-old'), /^warn: snapshot s1 is 100 h old/)
    }))

  test('a method that a backup has switched off is waited for', () =>
    withVsphere({}, async ({ simulator, hypervisor, vm }) => {
      await simulator.set({ vm: 'db1', disabledMethod: ['CreateSnapshot_Task'] })
      const looking = hypervisor.checkSnapshot(vm)
      const before = (await simulator.state()).calls.RetrievePropertiesEx ?? 0
      while (((await simulator.state()).calls.RetrievePropertiesEx ?? 0) < before + 3) {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await simulator.set({ vm: 'db1', disabledMethod: [] })
      assert.equal(told(await looking, 'vm-locked'), '')
    }))

  test('a roll back tells what it changes and what it loses', () =>
    withVsphere({}, async ({ hypervisor, vm }) => {
      await hypervisor.createSnapshot(vm, { name: 's1', description: '' })
      const all = await hypervisor.checkRollBack(vm, 's1')
      assert.deepEqual(
        all.map(({ severity, code }) => [severity, code]),
        [
          ['warn', 'configuration-replaced'],
          ['warn', 'writes-lost'],
        ],
      )
    }))
})
