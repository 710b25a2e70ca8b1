import { StillshotError } from '../../../src/errors.ts'
import type { CloneRequest, Clones } from '../../../src/hypervisor/clones.ts'
import type { PowerState, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { CallOptions } from '../../../src/system/clock.ts'
import type { FakeCall } from './fake-faults.ts'
import { type FakeSnapshot, type FakeVm, fakeVm } from './fake-vm.ts'

/** What the copies need of the hypervisor that they are made in. */
export interface FakeCloneWorld {
  readonly vms: Map<string, FakeVm>
  run<Answer>(call: FakeCall, options: CallOptions | undefined, work: () => Answer): Promise<Answer>
  snapshot(state: FakeVm, name: string): FakeSnapshot
  show(state: FakeVm): Vm
  setPower(state: FakeVm, power: PowerState): void
}

/** Copies that stand on a snapshot, as overlays do: it cannot be removed before them. */
export function fakeClones(world: FakeCloneWorld): Clones {
  const source = ({ nativeId, name }: Vm): FakeVm => {
    const state = world.vms.get(nativeId)
    if (state === undefined) throw new StillshotError('vm-not-found', `there is no VM ${name}`)
    return state
  }
  const named = (name: string) => [...world.vms.values()].find((vm) => vm.name === name)
  return {
    check: (vm, request, options) =>
      world.run('clones.check', options, () => {
        world.snapshot(source(vm), request.snapshotName)
        return []
      }),
    create: (vm, request, options) =>
      world.run('clones.create', options, () => {
        if (named(request.name) !== undefined) {
          throw new StillshotError('hypervisor-refused', `there is a VM ${request.name} already`)
        }
        const state = source(vm)
        const copy = copyOf(state, world.snapshot(state, request.snapshotName), request)
        world.vms.set(copy.nativeId, copy)
      }),
    find: (vm, name, options) =>
      world.run('clones.find', options, () => {
        const found = named(name)
        return found?.copyOf?.nativeId === vm.nativeId ? world.show(found) : undefined
      }),
    remove: (vm, name, options) =>
      world.run('clones.remove', options, () => {
        const found = named(name)
        if (found === undefined) return
        if (found.copyOf?.nativeId !== vm.nativeId) {
          throw new StillshotError('hypervisor-refused', `${name} is no copy of ${vm.name} that stillshot made`)
        }
        world.setPower(found, 'off')
        world.vms.delete(found.nativeId)
      }),
  }
}

function copyOf(vm: FakeVm, { contents }: FakeSnapshot, { name, snapshotName }: CloneRequest): FakeVm {
  const copy = fakeVm({ nativeId: `copy-${name}`, name, power: 'off', disks: vm.disks })
  for (const [disk, content] of contents) copy.contents.set(disk, content)
  return { ...copy, copyOf: { nativeId: vm.nativeId, snapshotName } }
}
