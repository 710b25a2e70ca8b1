import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainDisk } from '../../../../adapters/hypervisors/libvirt/domain-xml.ts'
import type { Holder, ImageGraph } from '../../../../adapters/hypervisors/libvirt/image-graph.ts'
import { isCommitted, planRemoval } from '../../../../adapters/hypervisors/libvirt/removal-plan.ts'
import { abandonedOverlays } from '../../../../adapters/hypervisors/libvirt/roll-back-plan.ts'
import type { StoredSnapshot, VmState } from '../../../../adapters/hypervisors/libvirt/vm-state.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'

const VM: Vm = { hypervisor: 'kvm', nativeId: 'u1', name: 'db1', uuid: 'u1', power: 'off', macs: [], disks: [] }

function disk(image: string): DomainDisk {
  const flags = { readOnly: false, shareable: false, transient: false, encrypted: false }
  return {
    target: 'vda',
    bus: 'virtio',
    address: '',
    device: 'disk',
    type: 'file',
    format: 'qcow2',
    image,
    chain: [image],
    ...flags,
  }
}

function snapshot(name: string, frozen: string, overlays: readonly string[] = []): StoredSnapshot {
  const disks = [{ target: 'vda', kind: 'external' as const, frozen }]
  return { name, description: '', createdAt: '2026-01-01T00:00:00.000Z', disks, overlays, xml: '' }
}

function state(active: string, snapshots: readonly StoredSnapshot[]): VmState {
  const domain = { uuid: 'u1', name: 'db1', macs: [], disks: [disk(active)], passthrough: [] }
  return { power: 'off', live: domain, definition: domain, snapshots }
}

/** `chains`: image -> what it stands on. */
function graph(
  chains: Readonly<Record<string, string>>,
  holders: Readonly<Record<string, readonly Holder[]>>,
): ImageGraph {
  const all = new Set([...Object.keys(chains), ...Object.values(chains)])
  const header = (image: string) => (chains[image] === undefined ? {} : { backing: chains[image] })
  return {
    images: new Map([...all].map((image) => [image, { format: 'qcow2', encrypted: false, ...header(image) }])),
    holders: new Map(Object.entries(holders)),
    names: new Map(),
  }
}

const OWN: Holder = { uuid: 'u1' }
const LINE = graph({ top: 'base' }, { top: [OWN], base: [{ uuid: 'u1', snapshot: 's1' }] })

test('the one overlay of a frozen image is merged into it', () => {
  const s1 = snapshot('s1', 'base')
  const plan = planRemoval(VM, state('top', [s1]), s1, LINE)
  assert.deepEqual(plan, { merges: [{ target: 'vda', base: 'base', top: 'top' }], discards: [] })
})

test('an image under another VM’s overlay is never written', () => {
  const s1 = snapshot('s1', 'base')
  const other = graph({ top: 'base' }, { top: [{ uuid: 'u2' }], base: [{ uuid: 'u1', snapshot: 's1' }] })
  assert.throws(() => planRemoval(VM, state('base', [s1]), s1, other), { code: 'snapshot-has-branches' })
  const above = graph({ top: 'base', clone: 'top' }, { top: [OWN], clone: [{ uuid: 'u2' }] })
  assert.throws(() => planRemoval(VM, state('top', [s1]), s1, above), { code: 'snapshot-has-branches' })
})

test('an image that another snapshot holds as well stays as it is', () => {
  const s1 = snapshot('s1', 'base')
  const shared = graph(
    { top: 'base' },
    {
      top: [OWN],
      base: [
        { uuid: 'u1', snapshot: 's1' },
        { uuid: 'u1', snapshot: 's2' },
      ],
    },
  )
  assert.deepEqual(planRemoval(VM, state('top', [s1]), s1, shared), { merges: [], discards: [] })
})

test('a frozen overlay on which nothing stands is deleted, an image of its own never', () => {
  const s2 = snapshot('s2', 'left')
  const branch = graph({ left: 'base', top: 'base' }, { top: [OWN], left: [{ uuid: 'u1', snapshot: 's2' }] })
  assert.deepEqual(planRemoval(VM, state('top', [s2]), s2, branch), { merges: [], discards: ['left'] })
  const s0 = snapshot('s0', 'alone')
  assert.deepEqual(planRemoval(VM, state('top', [s0]), s0, graph({ top: 'base', x: 'alone2' }, {})), {
    merges: [],
    discards: [],
  })
})

test('a merge is not repeated once the VM writes into its base, or the overlay is gone', () => {
  const merge = { target: 'vda', base: 'base', top: 'top' }
  assert.equal(isCommitted(merge, state('top', []), LINE), false)
  assert.equal(isCommitted(merge, state('base', []), LINE), true)
  assert.equal(isCommitted(merge, state('leaf', []), graph({ top: 'base', leaf: 'base' }, {})), true)
  assert.equal(isCommitted(merge, state('leaf', []), graph({ leaf: 'base' }, {})), true)
})

test('after a roll back only overlays that this VM made are deleted', () => {
  const s1 = snapshot('s1', 'base', ['old', 'needed'])
  const chains = { old: 'base', needed: 'base', 'x.back-1': 'base', clone: 'base', new: 'base', leaf: 'needed' }
  const found = abandonedOverlays(state('new', [s1]), graph(chains, { new: [OWN] }))
  assert.deepEqual(found.toSorted(), ['old', 'x.back-1'])
})
