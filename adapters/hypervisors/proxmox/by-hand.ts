import type { ActByHand, Vm } from '../../../src/hypervisor/hypervisor.ts'
import { shellWord } from '../../../src/system/shell-word.ts'

/** One line for root's shell on the VM's node; remarks behind a `#`. */
export function byHand(vm: Vm, node: string | undefined, act: ActByHand, snapshotName: string): string {
  const where = node === undefined ? 'on the node of the VM' : `on node ${node}`
  const qm = (...words: readonly string[]) => ['qm', ...words].map(shellWord).join(' ')
  const unlock = `if it says that the VM is locked and no task works on it: ${qm('unlock', vm.nativeId)} first`
  if (act === 'power-on') return `${qm('start', vm.nativeId)} # ${where}`
  if (act === 'create-snapshot') return `${qm('snapshot', vm.nativeId, snapshotName)} # ${where}`
  if (act === 'roll-back') return `${qm('rollback', vm.nativeId, snapshotName)} # ${where}; ${unlock}`
  return `${qm('delsnapshot', vm.nativeId, snapshotName)} # ${where}; ${unlock}, and --force after it`
}
