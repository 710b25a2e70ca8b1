// runs beside other labs
import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { DISKS, FACTS, FIRST_SERIAL, openConforming } from './open-vsphere.ts'

testHypervisor({
  name: 'vsphere on the simulator',
  capabilities: { maxNameLength: 80, rollBackToAny: true, events: true, quiesce: true },
  disks: DISKS,
  bus: 'scsi',
  serial: FIRST_SERIAL,
  removesBranches: true,
  clones: true,
  facts: FACTS,
  open: openConforming,
})
