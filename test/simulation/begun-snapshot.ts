import type { FakeVm } from '../../adapters/hypervisors/fake/fake-vm.ts'
import { StillshotError } from '../../src/errors.ts'
import type { Snapshot, SnapshotRequest } from '../../src/hypervisor/hypervisor.ts'

/** A snapshot that a task has just begun to make; `lacksDisk`: the first disk will not be in it. Throws for a name that is there. */
export function begunSnapshot(
  state: FakeVm,
  asked: Omit<SnapshotRequest, 'quiesce'>,
  { createdAt, lacksDisk }: { createdAt: string; lacksDisk: boolean },
): Snapshot {
  if (state.snapshots.some(({ snapshot }) => snapshot.name === asked.name)) {
    throw new StillshotError('snapshot-exists', `${state.name} has a snapshot ${asked.name} already`)
  }
  return {
    ...asked,
    createdAt,
    ...(state.current === undefined ? {} : { parent: state.current }),
    complete: false,
    disks: state.disks.flatMap(({ id, covered }, index) => (covered && !(lacksDisk && index === 0) ? [id] : [])),
  }
}
