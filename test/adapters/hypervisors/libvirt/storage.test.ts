import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { storageOfVm } from '../../../../adapters/hypervisors/libvirt/storage.ts'
import { storageOfPath } from '../../../../adapters/mounts/storage-of-path.ts'
import { compareStorage } from '../../../../src/system/storage.ts'
import { domainXml, fakeHost, VM } from './fake-session.ts'

test('an image and what it stands on are looked at, where they are files of this machine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stillshot-images-'))
  try {
    const [active, base] = [join(folder, 'active.qcow2'), join(folder, 'base.qcow2')]
    await writeFile(active, '')
    const { host } = fakeHost(() => domainXml([active, base]))
    const told = await storageOfVm(host, VM)
    assert.deepEqual(
      told.map(({ kind, name }) => [kind, name]),
      [
        ['disks', active],
        ['unknown', base],
      ],
    )
    assert.equal(compareStorage(await storageOfPath(folder), told).verdict, 'same')
    const [elsewhere, ...more] = await storageOfVm({ ...host, local: false, uri: 'qemu+ssh://kvm2/system' }, VM)
    assert.deepEqual([elsewhere?.kind, more], ['unknown', []])
    assert.match(JSON.stringify(elsewhere), /another machine \(qemu\+ssh:\/\/kvm2/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
