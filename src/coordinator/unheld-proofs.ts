import { CLAIMS, type Proof } from '../grade/proof.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'

/** What is known of a snapshot or backup of this VM that nothing was held for. `taken`: how it came about; `why`: nothing was held. */
export function unheldProofs(vm: Vm, taken: string, why = ''): readonly Proof[] {
  const uncovered = vm.disks.filter(({ covered }) => !covered).map(({ id }) => id)
  const covered: Proof =
    uncovered.length === 0
      ? { claim: 'covered', verdict: 'proven', code: 'all-disks', message: 'every disk of the VM is in the snapshot' }
      : {
          claim: 'covered',
          verdict: 'contradicted',
          code: 'not-covered',
          message: `not in the snapshot: ${uncovered.join(', ')}`,
        }
  const same: Proof = { claim: 'same-machine', verdict: 'proven', code: 'same-vm', message: taken }
  const oneHelper: Proof = {
    claim: 'one-helper',
    verdict: 'proven',
    code: 'no-helper',
    message: 'no helper was asked for this snapshot',
  }
  const notHeld = CLAIMS.filter((claim) => !['covered', 'same-machine', 'one-helper'].includes(claim)).map(
    (claim): Proof => ({
      claim,
      verdict: 'contradicted',
      code: 'not-held',
      message: `nothing was stopped for this snapshot${why === '' ? '' : `: ${why}`}`,
    }),
  )
  return [covered, same, oneHelper, ...notHeld]
}
