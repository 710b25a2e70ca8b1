import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { disksUnder } from '../../../adapters/mounts/block-devices.ts'
import { storageOfPath, storageOfShare } from '../../../adapters/mounts/storage-of-path.ts'
import { compareStorage } from '../../../src/system/storage.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillshot-devices-'))
  const files = {
    'devices/sda/dev': '8:0\n',
    'devices/sda/sda1/dev': '8:1\n',
    'devices/sda/sda1/partition': '1\n',
    'devices/sdb/dev': '8:16\n',
    'devices/dm-0/dev': '253:0\n',
    'devices/loop0/loop/backing_file': '/srv/image\n',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  await mkdir(join(folder, 'devices/dm-0/slaves'))
  await symlink('../../sda/sda1', join(folder, 'devices/dm-0/slaves/sda1'))
  await symlink('../../sdb', join(folder, 'devices/dm-0/slaves/sdb'))
  await mkdir(join(folder, 'block'))
  const devices = { '8:0': 'sda', '8:1': 'sda/sda1', '8:16': 'sdb', '253:0': 'dm-0', '7:0': 'loop0' }
  for (const [number, at] of Object.entries(devices)) await symlink(`../devices/${at}`, join(folder, 'block', number))
})
after(() => rm(folder, { recursive: true, force: true }))

test('under a volume lie the disks of all that it stands on, and under a partition its disk', async () => {
  const under = (device: string) => disksUnder(device, join(folder, 'block'))
  assert.deepEqual(await under('8:1'), ['disk 8:0'])
  assert.deepEqual(await under('253:0'), ['disk 8:0', 'disk 8:16'])
  assert.deepEqual(await under('7:0'), [], 'a file that is a disk lies on a file system that is not looked at')
  assert.deepEqual(await under('9:9'), [])
})

test('two folders of one file system are on the same storage, and what is not there is unknown', async () => {
  const [one, other] = await Promise.all([storageOfPath(folder), storageOfPath(join(folder, 'block'))])
  assert.equal(compareStorage(one, [other]).verdict, 'same')
  const missing = await storageOfPath(join(folder, 'no-such-image'))
  assert.deepEqual([missing.kind, compareStorage(one, [missing]).verdict], ['unknown', 'unknown'])
})

test('a share is told as its mount has it', async () => {
  const nfs = await storageOfShare({ type: 'nfs4', source: '[::1]:/export/vms' })
  assert.deepEqual(nfs, {
    ...{ kind: 'share', name: '[::1]:/export/vms', protocol: 'nfs', server: '::1' },
    ...{ addresses: ['::1'], share: '/export/vms' },
  })
  const smb = await storageOfShare({ type: 'cifs', source: '//127.0.0.1/vms/a' })
  assert.equal(smb.kind === 'share' && smb.share, 'vms/a')
  assert.equal((await storageOfShare({ type: 'nfs', source: 'odd' })).kind, 'unknown')
})
