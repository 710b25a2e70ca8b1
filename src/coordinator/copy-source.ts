import { isSameUuid } from '../guest/same-machine.ts'
import type { KeptCopy } from '../hypervisor/clones.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'

/** Whether a copy is of this VM, and not of one that had its native id before. */
export function isCopyOf(
  { source, sourceUuid }: Pick<KeptCopy, 'source' | 'sourceUuid'>,
  { nativeId, uuid }: Pick<Vm, 'nativeId' | 'uuid'>,
): boolean {
  return source === nativeId && (sourceUuid === undefined || isSameUuid(sourceUuid, uuid))
}
