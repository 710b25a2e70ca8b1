import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { byHand } from '../../../../adapters/hypervisors/vsphere/by-hand.ts'
import { readDescription, writeDescription } from '../../../../adapters/hypervisors/vsphere/description.ts'
import { isKindOf, taskFault, VimFault } from '../../../../adapters/hypervisors/vsphere/faults.ts'
import { isUuidEnabled, readHardware } from '../../../../adapters/hypervisors/vsphere/hardware.ts'
import { decodedName, encodedName } from '../../../../adapters/hypervisors/vsphere/names.ts'
import { snapshotIn, treeFrom } from '../../../../adapters/hypervisors/vsphere/snapshot-tree.ts'
import { answerError, taskError } from '../../../../adapters/hypervisors/vsphere/vsphere-errors.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'

const VM: Vm = {
  hypervisor: 'vc',
  nativeId: '50100000-0000-4000-8000-000000000001',
  name: 'db1',
  uuid: '42100000-0000-4000-8000-000000000001',
  power: 'running',
  macs: [],
  disks: [],
}

function device(type: string, fields: object) {
  return { attributes: { 'xsi:type': type }, ...fields }
}

function snapshot(name: string, more: object = {}) {
  const object = { attributes: { type: 'VirtualMachineSnapshot' }, $value: `id-${name}` }
  return { snapshot: object, name, description: '', createTime: '2026-11-22T10:00:00.5Z', state: 'poweredOff', ...more }
}

describe('words of vSphere', () => {
  test('names come back as they were, and are written without what vSphere escapes', () => {
    assert.equal(encodedName('50% a/b\\c'), '50%25 a%2fb%5cc')
    fc.assert(
      fc.property(fc.string(), (name) => {
        assert.equal(decodedName(encodedName(name)), name)
        assert.doesNotMatch(encodedName(name), /[/\\]/)
      }),
    )
  })

  test('descriptions come back as they were, with and without the line of a roll back', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (text, token) => {
        fc.pre(!text.includes('[stillshot roll-back '))
        const mark = token === undefined ? undefined : { token, state: 'begun' as const, bootTime: 't' }
        assert.deepEqual(readDescription(writeDescription({ text, mark })), { text, mark })
      }),
    )
  })

  test('a line of somebody else’s that only looks like ours is text', () => {
    for (const text of ['a\n[stillshot roll-back {]', 'a\n[stillshot roll-back {"state":"done"}]']) {
      assert.deepEqual(readDescription(text), { text, mark: undefined })
    }
  })

  test('a fault is what its ancestors are', () => {
    assert.equal(isKindOf('NotAuthenticated', 'SecurityError'), true)
    assert.equal(isKindOf('PhysCompatRDMNotSupported', 'VmConfigFault'), true)
    assert.equal(isKindOf('FileLocked', 'SnapshotFault'), false)
    assert.equal(isKindOf('Unheard', 'Unheard'), true)
  })

  test('the server’s words and type are in the message, once, and long ones end', () => {
    const { message } = answerError(new VimFault('FileLocked', 'Unable to\n access', undefined), { doing: 'try' })
    assert.equal(message, 'try: Unable to access (FileLocked)')
    const long = answerError(new VimFault('SystemError', 'x'.repeat(9000), undefined), { doing: 'try' })
    assert.ok(long.message.length < 600)
  })

  test('a fault at the end of a task is read with any prefix', () => {
    const fault = taskFault({ fault: { attributes: { 'odd:type': 'NoDiskSpace' } }, localizedMessage: 'full' })
    const error = taskError(fault, { doing: 'try', task: 'task-7' })
    assert.deepEqual(
      [error.code, error.details.task, error.message],
      ['storage-full', 'task-7', 'try: full (NoDiskSpace)'],
    )
  })

  test('what is gone says which kind of thing it was', () => {
    const gone = (type: string) =>
      answerError(new VimFault('ManagedObjectNotFound', 'gone', { obj: { attributes: { type } } }), { doing: 'try' })
        .code
    assert.deepEqual(['VirtualMachine', 'VirtualMachineSnapshot', 'Task'].map(gone), [
      'vm-not-found',
      'snapshot-not-found',
      'hypervisor-refused',
    ])
  })

  test('a name from somebody else cannot leave its quotes in the line for the shell', () => {
    const line = byHand(VM, 'remove-snapshot', "a'; rm -rf / #")
    assert.match(
      line,
      /^govc snapshot\.remove -vm "\$\(govc find .* -config\.instanceUuid [0-9a-f-]+\)" 'a'\\''; rm -rf \/ #'$/,
    )
  })
})

describe('hardware of a VM of vSphere', () => {
  const disk = (fields: object, backing: object = {}) =>
    device('VirtualDisk', {
      capacityInBytes: '1024',
      backing: device('VirtualDiskFlatVer2BackingInfo', { diskMode: 'persistent', uuid: '6000C29A-BB00', ...backing }),
      ...fields,
    })
  const controllers = [
    device('ParaVirtualSCSIController', { key: '1000', busNumber: '0', sharedBus: 'noSharing' }),
    device('VirtualLsiLogicSASController', { key: '1001', busNumber: '1', sharedBus: 'noSharing' }),
    device('VirtualIDEController', { key: '200', busNumber: '0' }),
    device('VirtualAHCIController', { key: '15000', busNumber: '0' }),
    device('VirtualNVMEController', { key: '31000', busNumber: '0' }),
  ]

  test('disks are named by controller and place, and only SCSI serials and places are what a guest sees', () => {
    const places = [
      ['1001', '2'],
      ['1000', '10'],
      ['1000', '9'],
      ['200', '1'],
      ['15000', '3'],
      ['31000', '0'],
    ]
    const devices = places.map(([controllerKey, unitNumber]) => disk({ controllerKey, unitNumber }))
    const { disks } = readHardware({ VirtualDevice: [...controllers, ...devices] }, true)
    assert.deepEqual(
      disks.map(({ id, bus, unit, serial }) => [id, bus, unit, serial]),
      [
        ['ide0:1', 'ide', 1, undefined],
        ['nvme0:0', 'nvme', undefined, undefined],
        ['sata0:3', 'sata', undefined, undefined],
        ['scsi0:9', 'scsi', 9, '6000c29abb00'],
        ['scsi0:10', 'scsi', 10, '6000c29abb00'],
        ['scsi1:2', 'scsi', 2, '6000c29abb00'],
      ],
    )
  })

  test('without disk.EnableUUID the guest sees no serial', () => {
    const one = { VirtualDevice: [controllers[0], disk({ controllerKey: '1000', unitNumber: '0' })] }
    assert.equal(readHardware(one, false).disks[0]?.serial, undefined)
    const line = (value: string) => ({ OptionValue: { key: 'disk.EnableUUID', value } })
    assert.deepEqual(
      [
        isUuidEnabled({}, line('TRUE')),
        isUuidEnabled({}, line('FALSE')),
        isUuidEnabled({ diskUuidEnabled: 'true' }, {}),
      ],
      [true, false, true],
    )
  })

  test('a disk without the controller that it names is still a disk', () => {
    const { disks } = readHardware({ VirtualDevice: disk({ controllerKey: '9', unitNumber: '0' }) }, true)
    assert.deepEqual([disks[0]?.id, disks[0]?.covered], ['unknown0:0', true])
  })
})

describe('the tree of snapshots', () => {
  test('is read oldest first, with parents, depth and what the VM stands on', () => {
    const child = snapshot('b', { createTime: '2026-11-22T11:00:00Z', state: 'poweredOn' })
    const tree = treeFrom({
      currentSnapshot: { attributes: { type: 'VirtualMachineSnapshot' }, $value: 'id-b' },
      rootSnapshotList: [
        snapshot('c', { createTime: '2026-11-22T12:00:00Z' }),
        snapshot('a%2f', { childSnapshotList: child }),
      ],
    })
    assert.deepEqual(
      tree.snapshots.map(({ name, parent, depth, withMemory }) => [name, parent, depth, withMemory]),
      [
        ['a/', undefined, 1, false],
        ['b', 'a/', 2, true],
        ['c', undefined, 1, false],
      ],
    )
    assert.equal(tree.current?.name, 'b')
    assert.deepEqual(treeFrom(undefined), { snapshots: [], current: undefined })
  })

  test('two of one name are not told apart by chance', () => {
    const tree = treeFrom({ rootSnapshotList: [snapshot('a'), snapshot('a')] })
    assert.throws(() => snapshotIn(VM, tree, 'a'), { code: 'hypervisor-refused', message: /2 snapshots of the name a/ })
  })
})
