import type { ActByHand, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { shellWord } from '../../../src/system/shell-word.ts'
import { cloneId } from './clone-mark.ts'
import { commandFor, type GuestKind } from './guest-kind.ts'

/** One line for root's shell on the VM's node; remarks behind a `#`. */
export function byHand(
  vm: Vm,
  { node, kind }: { readonly node: string | undefined; readonly kind: GuestKind },
  act: ActByHand,
  snapshotName: string,
): string {
  const where = node === undefined ? 'on the node of the VM' : `on node ${node}`
  const qm = (...words: readonly string[]) => [commandFor(kind), ...words].map(shellWord).join(' ')
  const unlock = `if it says that the VM is locked and no task works on it: ${qm('unlock', vm.nativeId)} first`
  if (act === 'power-on') return `${qm('start', vm.nativeId)} # ${where}`
  if (act === 'thaw' && kind === 'qemu') return `${qm('guest', 'cmd', vm.nativeId, 'fsfreeze-thaw')} # ${where}`
  if (act === 'thaw') return `lxc-unfreeze -n ${shellWord(vm.nativeId)} # ${where}`
  const copy = cloneId(snapshotName)
  if (act === 'remove-copy') return `${removeCopy(copy)} # ${where}; if it runs: qm stop ${shellWord(copy)} first`
  if (act === 'create-snapshot') return `${qm('snapshot', vm.nativeId, snapshotName)} # ${where}`
  if (act === 'roll-back') return `${qm('rollback', vm.nativeId, snapshotName)} # ${where}; ${unlock}`
  return `${qm('delsnapshot', vm.nativeId, snapshotName)} # ${where}; ${unlock}, and --force after it`
}

/** Also of one that a killed task left locked. */
export function removeCopy(id: string): string {
  return `qm unlock ${id} && qm destroy ${id} --purge`
}

/** How a person gets at a kept copy: no network leads to it. */
export function reachByHand(nativeId: string, node: string | undefined): string {
  const where = node === undefined ? 'on its node' : `on node ${node}`
  return `qm guest exec ${nativeId} -- COMMAND # ${where}, as root of the guest; or VM ${nativeId} > Console in the web interface`
}
