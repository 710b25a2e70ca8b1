import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMount, parseMounts, placeOf } from '../../../../adapters/repositories/directory/mounts.ts'

const MOUNTS = parseMounts(`22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /srv rw - ext4 /dev/mapper/vg-srv rw
41 40 0:36 / /srv/with\\040blank rw,noatime - nfs4 nas:/export/my\\040backup rw,vers=4.2
42 40 0:37 / /srv/odd rw - fuse.novelty thing rw
43 40 0:38 / /srv rw - xfs /dev/sdb1 rw
`)

test('a path lies on the longest mount above it, and of two at one place on the last', () => {
  assert.equal(findMount(MOUNTS, '/srv/backup')?.source, '/dev/sdb1')
  assert.equal(findMount(MOUNTS, '/srvbackup')?.source, '/dev/sda1')
  assert.equal(findMount(MOUNTS, '/srv/with blank/a')?.source, 'nas:/export/my backup')
})

test('shares are of another host, disks of this one, the rest is unknown', () => {
  assert.deepEqual(placeOf(findMount(MOUNTS, '/srv/with blank')), { host: 'other', source: 'nas:/export/my backup' })
  assert.equal(placeOf(findMount(MOUNTS, '/srv')).host, 'this')
  assert.equal(placeOf(findMount(MOUNTS, '/srv/odd')).host, 'unknown')
  assert.equal(placeOf(undefined).host, 'unknown')
})
