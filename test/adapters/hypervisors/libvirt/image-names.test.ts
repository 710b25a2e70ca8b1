import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalUri } from '../../../../adapters/hypervisors/libvirt/host.ts'
import { overlayNames, rollBackEnding } from '../../../../adapters/hypervisors/libvirt/image-names.ts'

const ULID = '01JD0000000000000000000000'

test('an overlay is named after its image and stands beside it', () => {
  const names = overlayNames(new Map([['vda', '/a/db.qcow2']]), 's1', '/images')
  assert.deepEqual([...names], [['vda', '/a/db.qcow2.s1']])
})

test('names do not grow from snapshot to snapshot and roll back to roll back', () => {
  for (const image of [`/a/db.stillshot-${ULID}`, '/a/db.back-one', `/a/db.stillshot-${ULID}.back-one`]) {
    assert.equal(overlayNames(new Map([['vda', image]]), 'next', '/images').get('vda'), '/a/db.next')
  }
})

test('two disks whose overlays would have one name get different ones', () => {
  const images = new Map([
    ['vda', '/a/db.back-one'],
    ['vdb', '/a/db.back-two'],
  ])
  assert.deepEqual([...overlayNames(images, 's1', '/images').values()], ['/a/db.s1', '/a/db-vdb.s1'])
})

test('the overlay of a block device goes to the folder for those', () => {
  assert.equal(overlayNames(new Map([['vda', '/dev/vg/db']]), 's1', '/images').get('vda'), '/images/db.s1')
})

test('a name too long for a file system is refused before anything is touched', () => {
  const image = `/a/${'n'.repeat(250)}`
  assert.throws(() => overlayNames(new Map([['vda', image]]), 's12345', '/images'), { code: 'snapshot-unsupported' })
})

test('a token that is no plain word is refused', () => {
  assert.throws(() => rollBackEnding('../x'), { code: 'defect' })
})

test('only URIs of this machine are local', () => {
  for (const uri of ['qemu:///system', 'qemu:///session', 'qemu+unix:///system?socket=/x']) assert.ok(isLocalUri(uri))
  for (const uri of [
    'qemu+ssh://host/system',
    'qemu://host/system',
    'qemu+tls://h/system',
    'qemu+ssh:///system',
    'x',
  ]) {
    assert.ok(!isLocalUri(uri), uri)
  }
})
