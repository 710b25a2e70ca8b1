import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainDisk } from '../../../../adapters/hypervisors/libvirt/domain-xml.ts'
import type { Holder, ImageGraph } from '../../../../adapters/hypervisors/libvirt/image-graph.ts'
import {
  bareDescription,
  markedForRemoval,
  plannedMerges,
} from '../../../../adapters/hypervisors/libvirt/removal-mark.ts'
import { isCommitted, planRemoval, strangersOn } from '../../../../adapters/hypervisors/libvirt/removal-plan.ts'
import { abandonedOverlays } from '../../../../adapters/hypervisors/libvirt/roll-back-plan.ts'
import { readSnapshot } from '../../../../adapters/hypervisors/libvirt/snapshot-xml.ts'
import type { StoredSnapshot, VmState } from '../../../../adapters/hypervisors/libvirt/vm-state.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'

const ULID = '01JD0000000000000000000000'
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
  const disks = [{ target: 'vda', kind: 'external' as const, frozen, format: 'qcow2' }]
  return { name, description: '', createdAt: '2026-01-01T00:00:00.000Z', disks, withMemory: false, overlays, xml: '' }
}

function state(active: string, snapshots: readonly StoredSnapshot[]): VmState {
  const domain = { uuid: 'u1', name: 'db1', macs: [], disks: [disk(active)], passthrough: [] }
  return { power: 'off', live: domain, definition: domain, snapshots }
}

/** `chains`: image -> what it stands on. */
function graph(
  chains: Readonly<Record<string, string>>,
  holders: Readonly<Record<string, readonly Holder[]>>,
  guessed: readonly string[] = [],
): ImageGraph {
  const all = new Set([...Object.keys(chains), ...Object.values(chains)])
  const header = (image: string) => (chains[image] === undefined ? {} : { backing: chains[image] })
  return {
    images: new Map([...all].map((image) => [image, { format: 'qcow2', ...header(image) }])),
    holders: new Map(Object.entries(holders)),
    names: new Map(),
    guessed: new Set(guessed),
  }
}

const OWN: Holder = { uuid: 'u1' }
const LINE = graph({ top: 'base' }, { top: [OWN], base: [{ uuid: 'u1', snapshot: 's1' }] })

const MERGE = { target: 'vda', base: 'base', top: 'top', above: [], committed: false }

test('the one overlay of a frozen image is merged into it', () => {
  const s1 = snapshot('s1', 'base')
  const plan = planRemoval(VM, state('top', [s1]), s1, LINE)
  assert.deepEqual(plan, { merges: [MERGE], discards: [] })
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

test('an overlay that only its own header calls so is never merged, nor moved', () => {
  const s1 = snapshot('s1', 'base')
  const holders = { top: [OWN], base: [{ uuid: 'u1', snapshot: 's1' }] }
  const forged = graph({ top: 'base' }, holders, ['top'])
  assert.throws(() => planRemoval(VM, state('top', [s1]), s1, forged), { code: 'snapshot-has-branches' })
  const above = graph({ top: 'base', raw: 'top' }, holders, ['raw'])
  assert.throws(() => planRemoval(VM, state('top', [s1]), s1, above), { code: 'snapshot-has-branches' })
})

test('a merge is not repeated once it is marked, the VM writes into its base, or the overlay is gone', () => {
  assert.equal(isCommitted(MERGE, state('top', []), LINE), false)
  assert.equal(isCommitted({ ...MERGE, committed: true }, state('top', []), LINE), true)
  assert.equal(isCommitted(MERGE, state('base', []), LINE), true)
  assert.equal(isCommitted(MERGE, state('leaf', []), graph({ leaf: 'base' }, {})), true)
  const moved = graph({ top: 'base', leaf: 'base' }, {})
  assert.equal(isCommitted({ ...MERGE, above: ['leaf'] }, state('leaf', []), moved), true)
})

test('a clone that somebody made of the base is no proof that the merge was done, and stands in its way', () => {
  const cloned = graph({ top: 'base', clone: 'base' }, { top: [OWN] })
  assert.equal(isCommitted(MERGE, state('top', []), cloned), false)
  assert.deepEqual(strangersOn(MERGE, cloned), ['clone'])
})

test('the mark of a removal brings back the plan as it was written', () => {
  const s1 = { ...snapshot('s1', 'base'), xml: '<domainsnapshot><name>s1</name></domainsnapshot>' }
  const planned = { ...MERGE, above: ['a b', "it's"], committed: true }
  const { description } = readSnapshot(markedForRemoval({ ...s1, description: 'mine' }, [planned]))
  assert.deepEqual(plannedMerges({ ...s1, description }), [planned])
  assert.equal(bareDescription({ ...s1, description }), 'mine')
})

test('after a roll back only overlays that this VM made are deleted', () => {
  const s1 = snapshot('s1', 'base', ['old', 'needed'])
  const ours = `x.back-${ULID}`
  const names = ['old', 'needed', ours, `${ours}.new`, 'clone', 'new', 'x.back-1', 'x.back-up', `x.back-${ULID}.bak`]
  const chains = { ...Object.fromEntries(names.map((name) => [name, 'base'])), leaf: 'needed' }
  const found = abandonedOverlays(state('new', [s1]), graph(chains, { new: [OWN] }))
  assert.deepEqual(found.toSorted(), ['old', ours, `${ours}.new`])
})
