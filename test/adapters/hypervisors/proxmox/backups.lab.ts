// runs beside other labs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredBackup } from '../../../labs/proxmox/guests/storage.ts'
import { type OpenedProxmox, withProxmox } from './open-proxmox.ts'

const GIB = 1024 ** 3
const AT = Date.UTC(2026, 10, 27, 2, 30) / 1000
const AROUND = { fromMs: (AT - 10) * 1000, toMs: (AT + 10) * 1000 }

const CONFIG = `agent: 1
name: db1
virtio0: local:100/vm-100-disk-0.qcow2,serial=first,size=1G
virtio1: local:100/vm-100-disk-1.qcow2,backup=0,size=2G
#qmdump#map:virtio0:drive-virtio0:local:qcow2:
`

const ARCHIVE = { vmid: 100, name: 'backup/vzdump-qemu-100-2026_11_27-02_30_00.vma.zst', ctime: AT, size: GIB }

/** A cluster with a storage for backups, on which the token may read them unless told otherwise. */
function withBackups(
  backups: readonly StoredBackup[],
  body: (opened: OpenedProxmox) => Promise<void>,
  { allowed = true } = {},
) {
  const space = { totalBytes: 100 * GIB, usedBytes: GIB }
  const storages = [
    { name: 'local', type: 'dir', ...space },
    { name: 'nas', type: 'nfs', shared: true, backups: [...backups], ...space },
  ] as const
  const privileges = ['VM.Audit', 'VM.Snapshot', ...(allowed ? (['VM.Backup'] as const) : [])] as const
  return withProxmox({ storages, privileges }, async (opened) => {
    if (allowed) opened.standIn.grant('stillshot@pve', '/storage/nas', 'Datastore.AllocateSpace')
    await body(opened)
  })
}

test('a backup is listed with its time and the disks that the archive itself names', () =>
  withBackups([{ ...ARCHIVE, config: CONFIG }], async ({ hypervisor, vm }) => {
    assert.deepEqual(await hypervisor.listBackups(vm, AROUND), [
      { name: `nas:${ARCHIVE.name}`, createdAt: '2026-11-27T02:30:00.000Z', disks: ['virtio0'], freezes: true },
    ])
  }))

test('those of other times and other VMs, and one that is not whole yet, are not listed', () => {
  const others = [
    { ...ARCHIVE, ctime: AT - 60 },
    { ...ARCHIVE, ctime: AT + 60 },
    { ...ARCHIVE, vmid: 102 },
    { ...ARCHIVE, size: 1 },
  ]
  return withBackups(others, async ({ hypervisor, vm }) => {
    assert.deepEqual(await hypervisor.listBackups(vm, AROUND), [])
  })
})

test('a job that does not freeze the guest is known by the configuration in its archive', () => {
  const agents = ['agent: 0', 'agent: 1,freeze-fs-on-backup=0', 'agent: enabled=1,type=virtio', 'agent: 1,freeze-fs=0']
  const backups = agents.map((agent, index) => {
    return { ...ARCHIVE, name: `backup/${index}`, ctime: AT + index, config: CONFIG.replace('agent: 1', agent) }
  })
  return withBackups(backups, async ({ hypervisor, vm }) => {
    const listed = await hypervisor.listBackups(vm, AROUND)
    assert.deepEqual(
      listed.map(({ freezes }) => freezes),
      [false, false, true, false],
    )
  })
})

test('an archive that cannot be read contains nothing that is known', () =>
  withBackups([ARCHIVE], async ({ hypervisor, vm }) => {
    assert.deepEqual((await hypervisor.listBackups(vm, AROUND))[0]?.disks, [])
  }))

test('without a right on any storage for backups the call is refused, with the rights that are missing', () =>
  withBackups(
    [{ ...ARCHIVE, config: CONFIG }],
    async ({ hypervisor, vm }) => {
      await assert.rejects(hypervisor.listBackups(vm, AROUND), {
        code: 'hypervisor-refused',
        hint: /Datastore\.AllocateSpace .* VM\.Backup/,
      })
    },
    { allowed: false },
  ))
