import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byHand as onLibvirt } from '../../../adapters/hypervisors/libvirt/by-hand.ts'
import { byHand as onProxmox } from '../../../adapters/hypervisors/proxmox/by-hand.ts'
import { cloneId } from '../../../adapters/hypervisors/proxmox/clone-mark.ts'
import { byHand as onVsphere } from '../../../adapters/hypervisors/vsphere/by-hand.ts'
import type { Vm } from '../../../src/hypervisor/hypervisor.ts'

const VM: Vm = {
  ...{ hypervisor: 'h', nativeId: '100', name: 'db1', uuid: '00000000-0000-4000-8000-000000000001' },
  ...{ power: 'running', macs: [], disks: [] },
}
const COPY = 'stillshot-01JD0000000000000000000001'

test('what a drill or a freeze may leave is named by the command that ends it, on every product', () => {
  const id = cloneId(COPY)
  const said = (act: 'remove-copy' | 'thaw') => [
    onLibvirt('qemu:///system', '10.0.0', VM, act, COPY),
    onProxmox(VM, { node: 'pve1', kind: 'qemu' }, act, COPY),
    onVsphere(VM, act, COPY),
  ]
  const [libvirt, proxmox, vsphere] = said('remove-copy')
  assert.match(
    libvirt ?? '',
    /virsh -c \S+ destroy stillshot-\w+; virsh -c \S+ undefine stillshot-\w+ .*\.copy-stillshot-/,
  )
  assert.equal(proxmox, `qm unlock ${id} && qm destroy ${id} --purge # on node pve1; if it runs: qm stop ${id} first`)
  assert.match(vsphere ?? '', /^govc vm\.destroy .*-name stillshot-/)
  assert.deepEqual(said('thaw'), [
    'virsh -c qemu:///system domfsthaw 100',
    'qm guest cmd 100 fsfreeze-thaw # on node pve1',
    'in the guest, as root: fsfreeze --unfreeze MOUNT for each of its file systems',
  ])
})
