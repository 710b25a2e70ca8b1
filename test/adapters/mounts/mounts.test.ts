import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMount, parseMounts, placeOf } from '../../../adapters/mounts/mounts.ts'

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

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  nas: ['10.0.0.9'],
  'db1.example': ['10.0.0.5', 'fd00::5'],
  '10.0.0.5': ['10.0.0.5'],
  'fd00::5': ['fd00::5'],
}
const resolve = async (name: string) => ADDRESSES[name] ?? []

test('shares are of another host, disks of this one, the rest is unknown', async () => {
  const place = (path: string) => placeOf(findMount(MOUNTS, path), '10.0.0.5', resolve)
  assert.deepEqual(await place('/srv/with blank'), { host: 'other', source: 'nas:/export/my backup' })
  assert.equal((await place('/srv')).host, 'this')
  assert.equal((await place('/srv/odd')).host, 'unknown')
  assert.equal((await placeOf(undefined, '10.0.0.5', resolve)).host, 'unknown')
})

test('a share of the guest is one by whichever of its names it was mounted', async () => {
  const hostOf = async (type: string, source: string, guest: string) =>
    (await placeOf({ target: '/', type, source }, guest, resolve)).host
  assert.equal(await hostOf('nfs4', 'db1.example:/export', '10.0.0.5'), 'guest')
  assert.equal(await hostOf('nfs4', '[fd00::5]:/export', 'db1.example'), 'guest')
  assert.equal(await hostOf('cifs', '//10.0.0.5/share', 'db1.example'), 'guest')
  assert.equal(await hostOf('fuse.sshfs', 'root@DB9:/srv', 'db9'), 'guest')
  assert.equal(await hostOf('davfs', 'https://nas/dav', 'db1.example'), 'other')
  assert.equal(await hostOf('nfs4', 'nobody-knows:/export', '10.0.0.5'), 'unknown')
  assert.equal(await hostOf('nfs4', 'nas:/export', 'nobody-knows'), 'unknown')
  assert.equal(await hostOf('virtiofs', 'share', '10.0.0.5'), 'unknown')
})
