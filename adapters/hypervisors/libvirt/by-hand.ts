import type { ActByHand, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { shellWord } from '../../../src/system/shell-word.ts'

/** From this version on libvirt reverts to external snapshots itself. */
const REVERTS_SINCE = 10

/** One line for an administrator's shell on the host; remarks behind a `#`. `version` is libvirt's, undefined when it was never asked. */
export function byHand(uri: string, version: string | undefined, vm: Vm, act: ActByHand, snapshotName: string): string {
  const virsh = (...words: readonly string[]) => ['virsh', '-c', uri, ...words].map(shellWord).join(' ')
  if (act === 'power-on') return virsh('start', vm.nativeId)
  if (act === 'thaw') return virsh('domfsthaw', vm.nativeId)
  if (act === 'remove-copy') {
    const undefine = virsh('undefine', snapshotName, '--managed-save', '--snapshots-metadata', '--nvram')
    return `${virsh('destroy', snapshotName)}; ${undefine}; and remove the files of its disks, whose names end in .copy-${shellWord(snapshotName)}`
  }
  if (act === 'create-snapshot') {
    return virsh('snapshot-create-as', vm.nativeId, snapshotName, '--disk-only', '--atomic')
  }
  if (act === 'remove-snapshot') return virsh('snapshot-delete', vm.nativeId, snapshotName)
  if (Number.parseInt(version ?? '0', 10) >= REVERTS_SINCE) return virsh('snapshot-revert', vm.nativeId, snapshotName)
  return [
    virsh('destroy', vm.nativeId),
    // Only a person can go on from here.
    `${virsh('snapshot-dumpxml', vm.nativeId, snapshotName)} # each SOURCE stands under <domain>`,
    'for each: qemu-img create -f qcow2 -F qcow2|raw -b SOURCE NEW',
    `then ${virsh('edit', vm.nativeId)}, each disk with NEW as its source and no <backingStore>`,
  ].join('; ')
}

/** How a person gets at a kept copy from the host: no network leads to it. */
export function reachByHand(uri: string, name: string): string {
  const words = ['virsh', '-c', uri, 'console', name].map(shellWord).join(' ')
  return `${words} # its serial console, where the guest has a login there; ^] leaves it`
}
