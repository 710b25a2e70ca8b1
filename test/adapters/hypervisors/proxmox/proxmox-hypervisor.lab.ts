// runs beside other labs
import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { FACTS, openConforming } from './open-proxmox.ts'

testHypervisor({
  name: 'proxmox on the stand-in',
  capabilities: { maxNameLength: 40, rollBackToAny: true, events: false, quiesce: true },
  clones: true,
  disks: ['virtio0', 'virtio1'],
  removesBranches: true,
  facts: FACTS,
  open: openConforming,
})
