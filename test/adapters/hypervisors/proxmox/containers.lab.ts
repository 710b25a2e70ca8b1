// runs beside other labs
import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { FACTS, openConforming } from './open-proxmox.ts'

testHypervisor({
  name: 'containers of proxmox on the stand-in',
  capabilities: { maxNameLength: 40, rollBackToAny: true, events: false, quiesce: true },
  clones: 'of-others',
  disks: ['rootfs', 'mp0'],
  bus: ['rootfs', 'mp'],
  mountPoints: ['/', '/var/lib/mysql'],
  removesBranches: true,
  facts: FACTS,
  open: () => openConforming('lxc'),
})
