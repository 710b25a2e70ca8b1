import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { DISKS, FIRST_SERIAL, openConforming } from './open-vsphere.ts'

testHypervisor({
  name: 'vsphere on the simulator',
  capabilities: { maxNameLength: 80, rollBackToAny: true, events: true },
  disks: DISKS,
  bus: 'scsi',
  serial: FIRST_SERIAL,
  removesBranches: true,
  clones: true,
  open: openConforming,
})
