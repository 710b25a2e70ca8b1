import { StillshotError, toStillshotError } from '../errors.ts'
import type { KeptCopy } from '../hypervisor/clones.ts'
import type { Hypervisor, Vm } from '../hypervisor/hypervisor.ts'
import { clonesOf } from './clones-of.ts'

interface Means {
  readonly hypervisor: Hypervisor
  /** Tries the work until the time limit, while its failures pass. */
  again<T>(signal: AbortSignal, pauseMs: number, work: () => Promise<T>): Promise<T>
}

/**
 * Takes a copy back that is not kept, also one that is half made, and names one that is: the hypervisor says which it is, whatever the
 * journal has lost. Idempotent.
 */
export async function settleCopy(
  { hypervisor, again, pause }: Means & { readonly pause: () => Promise<void> },
  vm: Vm,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const clones = clonesOf(hypervisor)
  // One that is made late is not there yet.
  for (let looks = 0; looks < 2; looks += 1) {
    if (looks > 0) await pause()
    await again(signal, 2_000, () => clones.remove(vm, id, { signal }))
  }
  const kept = (await again(signal, 2_000, () => clones.listKept({ signal }))).find((copy) => copy.id === id)
  return kept === undefined ? undefined : `the copy ${kept.name} of ${vm.name} is kept, and is ${kept.power}`
}

/** Ends a removal that was ordered. Where the hypervisor refuses, the copy is kept, and the note says why. Idempotent. */
export async function endCopyRemoval(
  { hypervisor, again }: Means,
  args: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { id = '', nativeId = '', name = '', source = '', snapshotName = '' } = args
  if (id === '' || nativeId === '') {
    throw new StillshotError('journal-damaged', 'an undo lacks an argument in the journal')
  }
  const copy: KeptCopy = { id, nativeId, name, source, snapshotName, power: 'off' }
  try {
    await again(signal, 2_000, () => clonesOf(hypervisor).removeKept(copy, { signal }))
    return `the copy ${name} is removed`
  } catch (thrown) {
    const { code, message } = toStillshotError(thrown)
    if (code !== 'hypervisor-refused') throw thrown
    return `the copy ${name} is kept: ${message}`
  }
}
