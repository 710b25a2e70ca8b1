import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proveCoverage, withSnapshotDisks } from '../../src/guest/coverage.ts'
import type { GuestDisk, ProbeAnswer } from '../../src/guest/protocol/answers.ts'
import type { VmDisk } from '../../src/hypervisor/hypervisor.ts'

const GIB = 1024 ** 3
const root: VmDisk = { id: 'vda', bus: 'virtio', serial: 'root-disk', unit: 0, sizeBytes: GIB, covered: true }
const data: VmDisk = { id: 'vdb', bus: 'virtio', serial: 'data-disk', unit: 1, sizeBytes: 2 * GIB, covered: true }

function disk(facts: Partial<GuestDisk> = {}): GuestDisk {
  return { name: 'vda', serial: 'root-disk', byId: [], sizeBytes: GIB, bus: 'virtio', unit: 0, ...facts }
}

type Probe = Pick<ProbeAnswer, 'dbms' | 'fileSystems'>
function probe(disks: readonly GuestDisk[], unresolved: string | null = null): Probe {
  const fileSystem = { target: '/', source: '/dev/vda', type: 'ext4', availableBytes: 1, disks: [...disks], unresolved }
  const dbms = { directories: [{ role: 'data', path: '/var/lib/mysql', mount: '/' }] }
  return { dbms, fileSystems: [fileSystem] } as unknown as Probe
}

test('a disk is found by serial, by-id name, or bus and unit, in this order', () => {
  assert.deepEqual(proveCoverage(probe([disk()]), [root, data], {}).disks, [
    { guest: 'vda', disk: 'vda', by: 'serial' },
  ])
  const byId = disk({ serial: null, byId: ['scsi-0QEMU_QEMU_HARDDISK_root-disk'] })
  assert.equal(proveCoverage(probe([byId]), [root, data], {}).disks[0]?.by, 'by-id')
  assert.equal(proveCoverage(probe([disk({ serial: null })]), [root, data], {}).disks[0]?.by, 'bus-and-unit')
})

test('a serial longer than the 20 bytes of virtio is recognized by its beginning', () => {
  const long = { ...root, serial: '0123456789012345678901234567' }
  const seen = disk({ serial: '01234567890123456789' })
  assert.equal(proveCoverage(probe([seen]), [long], {}).proof.verdict, 'proven')
})

test('a size that differs refutes a match', () => {
  assert.equal(proveCoverage(probe([disk({ sizeBytes: 5 })]), [root], {}).proof.verdict, 'contradicted')
})

test('a disk that a snapshot leaves out is not covered, and the reason is said', () => {
  const raw = { ...root, covered: false, uncoveredReason: 'raw passthrough' }
  const { proof } = proveCoverage(probe([disk()]), [raw], {})
  assert.equal(proof.verdict, 'contradicted')
  assert.match(proof.message, /vda.*raw passthrough/)
})

test('a disk that cannot be told apart stops with the mapping that it needs, and the mapping serves', () => {
  const twins = [root, { ...root, id: 'vdc', unit: 2 }]
  const seen = disk({ unit: null })
  const { proof } = proveCoverage(probe([seen]), twins, {})
  assert.match(proof.message, /disks: \{ \/dev\/vda: DISK \}/)
  assert.equal(proveCoverage(probe([seen]), twins, { '/dev/vda': 'vdc' }).disks[0]?.disk, 'vdc')
})

test('every disk under the data counts, and a layer that is not understood is not covered', () => {
  const both = [disk(), disk({ name: 'vdb', serial: 'other', sizeBytes: 2 * GIB, unit: 7 })]
  assert.equal(proveCoverage(probe(both), [root, data], {}).proof.verdict, 'contradicted')
  assert.equal(proveCoverage(probe([disk()], 'nfs4'), [root], {}).proof.verdict, 'contradicted')
})

test('a directory that the guest could not follow is not covered', () => {
  const seen = probe([disk()])
  seen.dbms?.directories.push({ role: 'table', path: 'tables outside /var/lib/mysql: no answer', mount: '?' })
  const { proof } = proveCoverage(seen, [root], {})
  assert.equal(proof.verdict, 'contradicted')
  assert.match(proof.message, /tables outside/)
})

test('a disk of another serial is another disk, wherever it sits, and a mapping does not change its size', () => {
  const lun = disk({ serial: '6001405aaaa' })
  assert.equal(proveCoverage(probe([lun]), [root], {}).proof.verdict, 'contradicted')
  assert.equal(
    proveCoverage(probe([disk({ sizeBytes: 5 })]), [root], { '/dev/vda': 'vda' }).proof.verdict,
    'contradicted',
  )
})

test('no directories known, nothing covered', () => {
  assert.equal(proveCoverage({ dbms: null, fileSystems: [] }, [root], {}).proof.verdict, 'contradicted')
})

test('a snapshot that came out without one of the disks covers less', () => {
  const coverage = proveCoverage(probe([disk()]), [root, data], {})
  assert.equal(withSnapshotDisks(coverage, ['vda', 'vdb']).verdict, 'proven')
  assert.equal(withSnapshotDisks(coverage, ['vdb']).verdict, 'contradicted')
})
