import type { ActByHand, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { shellWord } from '../../../src/system/shell-word.ts'

/** One line for `govc`, VMware's own command, where GOVC_URL and the like are set; the VM by its instance UUID. */
export function byHand(vm: Vm, act: ActByHand, snapshotName: string): string {
  const path = `"$(govc find / -type m -config.instanceUuid ${shellWord(vm.nativeId)})"`
  if (act === 'power-on') return `govc vm.power -on ${path}`
  if (act === 'thaw') return 'in the guest, as root: fsfreeze --unfreeze MOUNT for each of its file systems'
  if (act === 'remove-copy') return `govc vm.destroy "$(govc find / -type m -name ${shellWord(snapshotName)})"`
  if (act === 'create-snapshot') return `govc snapshot.create -vm ${path} -m=false ${shellWord(snapshotName)}`
  if (act === 'roll-back') return `govc snapshot.revert -vm ${path} ${shellWord(snapshotName)}`
  return `govc snapshot.remove -vm ${path} ${shellWord(snapshotName)}`
}

/** How a person gets at a kept copy: no network leads to it. */
export function reachByHand(nativeId: string): string {
  return `govc vm.console "$(govc find / -type m -config.instanceUuid ${shellWord(nativeId)})" # or its console in the vSphere Client`
}
