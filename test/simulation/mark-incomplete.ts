import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'

/** A snapshot whose removal has begun is listed, and is not whole. */
export function markIncomplete(vm: FakeVm, name: string): void {
  vm.snapshots = vm.snapshots.map((one) =>
    one.snapshot.name === name ? { ...one, snapshot: { ...one.snapshot, complete: false } } : one,
  )
}
