import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { containerUuid, isContainerUuid } from '../../src/guest/container-identity.ts'
import { proveCoverage, withSnapshotDisks } from '../../src/guest/coverage.ts'
import type { ProbeAnswer } from '../../src/guest/protocol/answers.ts'
import { proveSameMachine } from '../../src/guest/same-machine.ts'
import type { VmDisk } from '../../src/hypervisor/hypervisor.ts'

const ADDRESS = 'BC:24:11:00:02:00'
const uuid = containerUuid(ADDRESS)

describe('who a container is', () => {
  const vm = { name: 'ct1', uuid, macs: [ADDRESS.toLowerCase()] }

  test('its network card says it, in any case of letters', () => {
    assert.equal(uuid, '6c786300-0000-8000-8000-bc2411000200')
    assert.deepEqual([isContainerUuid(uuid), containerUuid(undefined), containerUuid('eth0')], [true, '', ''])
    const proof = proveSameMachine(vm, { uuid: uuid.toUpperCase(), macs: [] }, 1)
    assert.deepEqual(
      [proof.verdict, proof.message],
      ['proven', 'network address bc:24:11:00:02:00 (a container) on both sides'],
    )
  })

  test('a copy with the same address makes it unknown', () => {
    assert.equal(proveSameMachine(vm, { uuid, macs: [] }, 2).verdict, 'unknown')
  })

  test('another container, its own node, and a VM are contradicted', () => {
    for (const other of [containerUuid('BC:24:11:00:02:01'), '5f6dd4d3-9f30-4d3e-8b6e-6a3c0d3f0100']) {
      assert.equal(proveSameMachine(vm, { uuid: other, macs: [] }, 1).verdict, 'contradicted')
    }
  })

  test('a container without a card proves nothing', () => {
    assert.equal(proveSameMachine({ ...vm, uuid: '', macs: [] }, { uuid: null, macs: [] }, 3).verdict, 'unknown')
    assert.equal(proveSameMachine({ ...vm, uuid: '', macs: [] }, { uuid, macs: [] }, 3).verdict, 'contradicted')
  })
})

const VOLUMES: readonly VmDisk[] = [
  { id: 'rootfs', bus: 'rootfs', sizeBytes: 1, covered: true, mountPoint: { path: '/', volume: 'subvol-200-disk-0' } },
  { id: 'mp0', bus: 'mp', sizeBytes: 1, covered: true, mountPoint: { path: '/data', volume: 'vm-200-disk-1' } },
]
const ZFS = 'rpool/data/subvol-200-disk-0'
const LVM = '/dev/mapper/pve-vm--200--disk--1'

/** A data directory at the mount point, which the guest sees as mounted from there. */
function probed(mount: string, source: string, type = 'ext4') {
  // What a container sees of devices are its node's.
  const disk = { name: 'sda', serial: 'node', byId: [], sizeBytes: 9, bus: 'scsi', unit: 0 }
  return {
    dbms: { directories: [{ role: 'data', path: mount, mount }] },
    fileSystems: [{ target: mount, source, type, availableBytes: 1, disks: [disk], unresolved: null }],
  } as unknown as ProbeAnswer
}

function coverage(mount: string, source: string, { mapping = {}, volumes = VOLUMES } = {}) {
  const { proof, disks } = proveCoverage(probed(mount, source), volumes, mapping)
  return [proof.verdict, disks.map(({ disk, by }) => `${disk} by ${by}`).join(), proof.message] as const
}

describe('what a snapshot of a container covers', () => {
  for (const [name, mount, source, expected] of [
    ['a dataset of ZFS', '/', ZFS, 'rootfs by volume'],
    ['a volume of LVM', '/data', LVM, 'mp0 by volume'],
  ] as const) {
    test(`${name} that names the volume is covered`, () => {
      assert.deepEqual(coverage(mount, source).slice(0, 2), ['proven', expected])
    })
  }

  for (const [name, mount, source, why] of [
    ['a share that the guest mounted over the volume', '/data', 'nas:/vm-200-disk-9', /does not name the volume/],
    ['the volume of another container', '/data', '/dev/mapper/pve-vm--1200--disk--1', /does not name the volume/],
    ['a volume whose name goes on', '/data', '/dev/mapper/pve-vm--200--disk--11', /does not name the volume/],
    ['another volume of the same container', '/data', ZFS, /does not name the volume/],
    ['a loop device', '/', '/dev/loop0', /map it with `disks: \{ \/: rootfs \}`/],
    ['a place that the configuration does not have', '/srv', LVM, /no volume of the container/],
  ] as const) {
    test(`${name} is not`, () => {
      const [verdict, , message] = coverage(mount, source)
      assert.equal(verdict, 'contradicted')
      assert.match(message, why)
    })
  }

  test('a mapping says what the kernel does not, and cannot say something else than the configuration', () => {
    assert.deepEqual(coverage('/', '/dev/rbd0', { mapping: { '/': 'rootfs' } }).slice(0, 2), [
      'proven',
      'rootfs by mapping',
    ])
    assert.match(coverage('/', '/dev/rbd0', { mapping: { '/': 'mp0' } })[2], /the container has rootfs there/)
  })

  test('a volume that no snapshot contains is named with the reason', () => {
    const volumes = VOLUMES.map((volume) => ({ ...volume, covered: false, uncoveredReason: 'is a raw file' }))
    assert.match(coverage('/', ZFS, { volumes })[2], /rootfs \(\/\) is not in a snapshot: is a raw file/)
  })

  test('a snapshot that lacks the volume is told by the place', () => {
    const proof = withSnapshotDisks(proveCoverage(probed('/data', LVM), VOLUMES, {}), ['rootfs'])
    assert.deepEqual([proof.code, proof.message], ['disk-not-in-snapshot', 'the snapshot lacks mp0 (/data)'])
  })
})
