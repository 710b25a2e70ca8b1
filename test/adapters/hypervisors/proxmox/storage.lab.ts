// runs beside other labs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Storage } from '../../../labs/proxmox/guests/storage.ts'
import { withProxmox } from './open-proxmox.ts'

const SIZES = { totalBytes: 100 * 1024 ** 3, usedBytes: 0 }
const STORAGES: readonly Storage[] = [
  { name: 'local', type: 'dir', config: { path: '/var/lib/vz' }, ...SIZES },
  { name: 'nas', type: 'nfs', shared: true, config: { server: '127.0.0.9', export: '/export/vms' }, ...SIZES },
  { name: 'smb', type: 'cifs', shared: true, config: { server: '127.0.0.9', share: 'vms' }, ...SIZES },
  { name: 'lun', type: 'zfs', shared: true, config: { portal: '127.0.0.9:3260', target: 'iqn.a' }, ...SIZES },
  { name: 'thin', type: 'lvmthin', config: { vgname: 'pve', thinpool: 'data' }, ...SIZES },
  { name: 'ceph', type: 'rbd', shared: true, config: { monhost: '10.0.0.1' }, ...SIZES },
]

/** What a VM with its first disk on that storage lies on. */
async function told(storage: string, blind = false) {
  let found: unknown
  const config = { virtio0: `${storage}:vm-100-disk-0,size=1G`, virtio1: `${storage}:vm-100-disk-1,size=1G` }
  await withProxmox({ storages: STORAGES, config }, async ({ standIn, hypervisor, vm }) => {
    if (!blind) standIn.grant('stillshot@pve', '/storage', 'Datastore.Audit')
    found = await hypervisor.storage(vm)
  })
  return found
}

test('a storage of a server is told with it, once for all disks', async () => {
  const addresses = ['127.0.0.9']
  const server = { kind: 'share', server: '127.0.0.9', addresses }
  const nas = { ...server, name: 'storage nas (127.0.0.9 /export/vms)', protocol: 'nfs', share: '/export/vms' }
  assert.deepEqual(await told('nas'), [nas])
  assert.deepEqual(await told('smb'), [
    { ...server, name: 'storage smb (127.0.0.9 vms)', protocol: 'smb', share: 'vms' },
  ])
  assert.deepEqual(await told('lun'), [
    { ...server, name: 'storage lun (127.0.0.9 iqn.a)', protocol: 'iscsi', share: 'iqn.a' },
  ])
})

test('disks of the node are its own, and what the cluster does not tell is unknown with its reason', async () => {
  assert.deepEqual(await told('thin'), [{ kind: 'disks', name: 'thin (lvmthin of node pve1)', addresses: [] }])
  assert.match(JSON.stringify(await told('local')), /"unknown".*folder \/var\/lib\/vz of node pve1/)
  assert.match(JSON.stringify(await told('ceph')), /"unknown".*type rbd/)
  assert.match(JSON.stringify(await told('nas', true)), /"unknown".*Datastore.Audit on \/storage\/nas/)
})
