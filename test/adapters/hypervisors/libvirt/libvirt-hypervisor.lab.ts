import { LibvirtHypervisor } from '../../../../adapters/hypervisors/libvirt/libvirt-hypervisor.ts'
import { testHypervisor } from '../../../conformance/hypervisor.ts'
import { openLibvirt } from './open-libvirt.ts'

const { capabilities } = new LibvirtHypervisor({ name: 'kvm', uri: 'qemu:///system' })

testHypervisor({
  name: 'libvirt on qcow2 and raw images',
  capabilities,
  clones: true,
  open: () => openLibvirt({ secondFormat: 'raw' }),
})
