// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../../src/finding.ts'
import type { Storage } from '../../../labs/proxmox/guests/storage.ts'
import { type OpenOptions, withProxmox } from './open-proxmox.ts'

const GIB = 1024 ** 3
const LOCAL: Storage = { name: 'local', type: 'dir', totalBytes: 100 * GIB, usedBytes: 20 * GIB }

/** What the look before a snapshot finds on such a VM. */
async function findings(options: OpenOptions, arrange: 'see-storage' | 'blind' = 'see-storage') {
  let found: readonly Finding[] = []
  await withProxmox(options, async ({ standIn, another }) => {
    if (arrange === 'see-storage') standIn.grant('stillshot@pve', '/storage', 'Datastore.Audit')
    const hypervisor = another()
    found = await hypervisor.checkSnapshot(await hypervisor.findVm('100'))
  })
  return found
}

function told(all: readonly Finding[], code: string): string {
  return all
    .filter((finding) => finding.code === code)
    .map(({ severity, message, hint }) => `${severity}: ${message}; ${hint}`)
    .join('\n')
}

describe('the look before a snapshot on Proxmox VE', () => {
  test('a good VM', async () => {
    const all = await findings({})
    assert.deepEqual(
      all.filter(({ severity }) => severity !== 'ok'),
      [],
    )
    assert.match(told(all, 'space'), /ok: 81920 MiB free on local, 166 MiB needed/)
    assert.match(told(all, 'snapshot-possible'), /virtio0, virtio1/)
  })

  test('the disk in the way is blamed with its storage, the others follow it', async () => {
    const virtio1 = 'local:100/vm-100-disk-1.raw,size=2G'
    await withProxmox({ config: { virtio1 } }, async ({ vm, hypervisor }) => {
      assert.deepEqual(
        vm.disks.map(({ id, covered }) => [id, covered]),
        [
          ['virtio0', false],
          ['virtio1', false],
        ],
      )
      assert.match(vm.disks[0]?.uncoveredReason ?? '', /because of virtio1/)
      assert.match(
        told(await hypervisor.checkSnapshot(vm), 'disk-not-covered'),
        /^refuse: disk virtio1 is a raw file on local/,
      )
    })
  })

  test('a storage without snapshots, a device of the node, and the firmware’s storage are blamed', async () => {
    const san: Storage = { name: 'san', type: 'iscsi', totalBytes: GIB, usedBytes: 0 }
    const config = {
      virtio1: 'san:0.0.0.scsi-1,size=2G',
      scsi0: '/dev/disk/by-id/ata-1,size=3G',
      tpmstate0: 'local:100/vm-100-disk-3.raw,size=4M',
    }
    const said = told(await findings({ config, storages: [LOCAL, san] }), 'disk-not-covered')
    assert.match(said, /virtio1 is on san, and storage of type iscsi takes no snapshots/)
    assert.match(said, /scsi0 is \/dev\/disk\/by-id\/ata-1, a device of the node/)
    assert.match(said, /tpmstate0 is a raw file/)
  })

  test('what may not be seen is reported as not checked, and is no failure', async () => {
    const all = await findings({ config: { agent: '1' } }, 'blind')
    const said = told(all, 'not-checked')
    assert.match(said, /warn: not checked: free space on local; it needs Datastore.Audit on \/storage\/local/)
    assert.match(said, /not checked: whether the guest agent answers; it needs VM.GuestAgent.Audit/)
    assert.equal(
      all.some(({ severity }) => severity === 'refuse'),
      false,
    )
  })

  test('a guest agent that is on and silent costs time', async () => {
    const privileges = ['VM.Audit', 'VM.Snapshot', 'VM.GuestAgent.Audit'] as const
    const said = told(
      await findings({ privileges, config: { agent: 'enabled=1,fstrim_cloned_disks=1' } }),
      'agent-silent',
    )
    assert.match(said, /^warn: .* waits 3 s for it/)
  })

  test('a full storage refuses', async () => {
    const full = { ...LOCAL, usedBytes: LOCAL.totalBytes - 1024 ** 2 }
    assert.match(told(await findings({ storages: [full] }), 'space'), /^refuse: only 1 MiB free on local/)
  })

  test('a VM without an SMBIOS UUID, with a size that is not known, or a template', async () => {
    const all = await findings({ config: { smbios1: 'manufacturer=x', virtio1: 'local:100/d.qcow2', template: 1 } })
    assert.match(told(all, 'no-uuid'), /^warn: .*qm set 100 --smbios1 uuid=/)
    assert.match(told(all, 'size-unknown'), /virtio1.*qm disk rescan --vmid 100/)
    assert.match(told(all, 'vm-template'), /^refuse/)
  })

  test('a short lock is waited for, and one that stays is told with what holds it', () =>
    withProxmox({}, async ({ standIn, hypervisor, vm }) => {
      standIn.lock(100, 'backup')
      setTimeout(() => standIn.unlock(100), 800)
      assert.equal(told(await hypervisor.checkSnapshot(vm), 'vm-locked'), '')
    }))
})
