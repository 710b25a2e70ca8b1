import { StillshotError } from '../../../src/errors.ts'
import type { Finding } from '../../../src/finding.ts'
import type { CloneRequest, Clones, KeptCopy } from '../../../src/hypervisor/clones.ts'
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
  const made = (id: string) => [...world.vms.values()].find(({ copyOf }) => copyOf?.id === id)
  const destroy = (found: FakeVm) => {
    world.setPower(found, 'off')
    world.vms.delete(found.nativeId)
  }
  return {
    check: (vm, request, options) =>
      world.run('clones.check', options, () => {
        world.snapshot(source(vm), request.snapshotName)
        return request.as !== undefined && named(request.as) !== undefined ? [nameTaken(request.as)] : []
      }),
    create: (vm, request, options) =>
      world.run('clones.create', options, () => {
        if (named(request.name) !== undefined) throw taken(request.name)
        const state = source(vm)
        const copy = copyOf(state, world.snapshot(state, request.snapshotName), request)
        world.vms.set(copy.nativeId, copy)
      }),
    find: (vm, name, options) =>
      world.run('clones.find', options, () => {
        const found = made(name)
        const { nativeId, kept = false, whole = false } = found?.copyOf ?? {}
        return found !== undefined && nativeId === vm.nativeId && whole && !kept ? world.show(found) : undefined
      }),
    remove: (vm, name, options) =>
      world.run('clones.remove', options, () => {
        const found = made(name) ?? named(name)
        if (found === undefined) return
        if (found.copyOf?.nativeId !== vm.nativeId) {
          throw new StillshotError('hypervisor-refused', `${name} is no copy of ${vm.name} that stillshot made`)
        }
        if (!found.copyOf.kept) destroy(found)
      }),
    keep: (vm, name, as, options) =>
      world.run('clones.keep', options, () => {
        const found = made(name)
        if (found?.copyOf?.nativeId !== vm.nativeId || !found.copyOf.whole) {
          throw new StillshotError('hypervisor-refused', `there is no copy ${name} of ${vm.name}`)
        }
        if (named(as) !== undefined && named(as) !== found) throw taken(as)
        found.name = as
        found.copyOf.kept = true
      }),
    listKept: (options) =>
      world.run('clones.listKept', options, () => [...world.vms.values()].flatMap((vm) => keptCopy(vm) ?? [])),
    removeKept: (copy, options) =>
      world.run('clones.removeKept', options, () => {
        const found = world.vms.get(copy.nativeId)
        if (found === undefined) return
        if (keptCopy(found)?.id !== copy.id) {
          throw new StillshotError('hypervisor-refused', `${found.name} is not the copy ${copy.name}`)
        }
        destroy(found)
      }),
    reach: ({ name }) => `fake reach ${name}`,
    checkStorage: (_vm, options) => world.run('clones.checkStorage', options, () => []),
  }
}

function keptCopy({ nativeId, name, power, copyOf }: FakeVm): KeptCopy | undefined {
  if (copyOf === undefined || !copyOf.kept) return undefined
  const of = { source: copyOf.nativeId, sourceUuid: copyOf.uuid, snapshotName: copyOf.snapshotName }
  return { id: copyOf.id, nativeId, name, ...of, power }
}

function taken(name: string): StillshotError {
  return new StillshotError('hypervisor-refused', `there is a VM ${name} already`)
}

function nameTaken(name: string): Finding {
  const message = `there is a VM ${name} already`
  return { severity: 'refuse', code: 'name-taken', message, hint: 'take another name', error: 'hypervisor-refused' }
}

function copyOf(vm: FakeVm, { contents }: FakeSnapshot, { name, snapshotName }: CloneRequest): FakeVm {
  const copy = fakeVm({ nativeId: `copy-${name}`, name, power: 'off', disks: vm.disks })
  for (const [disk, content] of contents) copy.contents.set(disk, content)
  return { ...copy, copyOf: { nativeId: vm.nativeId, uuid: vm.uuid, snapshotName, id: name, kept: false, whole: true } }
}
