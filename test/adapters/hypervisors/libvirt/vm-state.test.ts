import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readImageGraph } from '../../../../adapters/hypervisors/libvirt/image-graph.ts'
import { listSnapshots } from '../../../../adapters/hypervisors/libvirt/list-snapshots.ts'
import { powerOn } from '../../../../adapters/hypervisors/libvirt/power.ts'
import { removeSnapshot } from '../../../../adapters/hypervisors/libvirt/remove-snapshot.ts'
import { readSnapshots, readVmState } from '../../../../adapters/hypervisors/libvirt/vm-state.ts'
import { StillshotError } from '../../../../src/errors.ts'
import { rejectsWith } from '../../../conformance/hypervisor/under-test.ts'
import { domainXml, fakeHost, snapshotXml, VM } from './fake-session.ts'

const request = { doing: 'test' }

describe('names that others gave their snapshots', () => {
  test('a name that begins with a blank is read', async () => {
    const { host } = fakeHost(snapshots([' theirs']))
    const { snapshots: read } = await readSnapshots(host, 'u1', request)
    assert.equal(read[0]?.name, ' theirs')
  })

  test('a VM with a name that cannot be sent is refused with that name, and no other VM is', async () => {
    const { host } = fakeHost(snapshots(['s1', 'a\tb']))
    await assert.rejects(readVmState(host, VM), { code: 'hypervisor-refused', message: /"a\\tb"/ })
    const graph = await readImageGraph(host, [])
    assert.deepEqual(graph.holders.get('/nowhere/s1'), [{ uuid: 'u1', snapshot: 's1' }])
  })

  test('a name under which libvirt finds nothing is asked for three times, no more', async () => {
    const { host, sent } = fakeHost(snapshots(['s1', 'gone'], ['gone']))
    const { snapshots: read, unreadable } = await readSnapshots(host, 'u1', request)
    assert.deepEqual([read.map(({ name }) => name), unreadable], [['s1'], ['gone']])
    assert.equal(sent.filter((command) => command.endsWith(' gone')).length, 3)
  })
})

describe('libvirt is still at a change', () => {
  const busy = new StillshotError('vm-locked', 'cannot acquire state change lock')

  test('a list is refused with vm-locked, because what waits is not on it yet', async () => {
    const { host } = fakeHost(snapshots(['s1'], [], busy))
    await rejectsWith('vm-locked', listSnapshots(host, VM))
  })

  test('a snapshot that is not there cannot be called removed', async () => {
    const { host } = fakeHost(snapshots([], [], busy))
    await rejectsWith('vm-locked', removeSnapshot(host, VM, 's1'))
    await removeSnapshot(fakeHost(snapshots([])).host, VM, 's1')
  })
})

test('a VM that its guest put to sleep is woken up, one that was paused is resumed', async () => {
  for (const [state, command] of [
    ['pmsuspended', 'dompmwakeup'],
    ['paused', 'resume'],
    ['shut off', 'start'],
  ]) {
    const { host, sent } = fakeHost((asked) => (asked.startsWith('domstate') ? (state ?? '') : ''))
    await powerOn(host, VM)
    assert.equal(sent.at(-1), `${command} u1`)
  }
})

/** Virsh's answers for one domain with these snapshots, of which some are `gone` when they are asked for. */
function snapshots(names: readonly string[], gone: readonly string[] = [], barrier?: Error) {
  return (command: string) => {
    const name = names.find((one) => command === `snapshot-dumpxml u1 --security-info -- ${one}`)
    if (name !== undefined && !gone.includes(name)) return snapshotXml(name, `/nowhere/${name}`)
    if (command.startsWith('snapshot-dumpxml')) throw new StillshotError('snapshot-not-found', command)
    if (command.startsWith('metadata') && barrier !== undefined) throw barrier
    if (command.startsWith('snapshot-list')) return names.join('\n')
    if (command.startsWith('list')) return 'u1'
    if (command.startsWith('dumpxml')) return domainXml(['/nowhere/active'])
    return command.startsWith('domstate') ? 'shut off' : ''
  }
}
