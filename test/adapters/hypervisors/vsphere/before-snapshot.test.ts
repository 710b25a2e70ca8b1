import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SnapshotReadiness } from '../../../../adapters/hypervisors/vsphere/before-snapshot.ts'
import type { Session } from '../../../../adapters/hypervisors/vsphere/session.ts'
import type { Site } from '../../../../adapters/hypervisors/vsphere/site.ts'
import { VirtualClock } from '../../../../adapters/system/fake/virtual-clock.ts'
import { StillshotError } from '../../../../src/errors.ts'
import type { Vm } from '../../../../src/hypervisor/hypervisor.ts'

const VM: Vm = { hypervisor: 'vc', nativeId: '1', name: 'db1', uuid: 'u', power: 'running', macs: [], disks: [] }
const OBJECT = { type: 'VirtualMachine', value: 'vm-1' }

/** A VM whose tasks are those that `tasks` says when it is looked at. */
function readiness(tasks: () => string) {
  const clock = new VirtualClock()
  const call = async () => ({
    objects: {
      obj: { attributes: { type: OBJECT.type }, $value: OBJECT.value },
      propSet: { name: 'recentTask', val: { ManagedObjectReference: tasks() } },
    },
  })
  const session = { call } as unknown as Session
  const site: Site = { name: 'vc', clock, session, seen: new Map([['1', OBJECT]]), snapshotDisks: new Map() }
  return { clock, ready: new SnapshotReadiness(site) }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what was seen a moment ago is given for one snapshot, of the VM that is meant', async () => {
  const { ready } = readiness(() => 'task-1')
  ready.begin(VM)
  await settled()
  assert.equal(ready.take({ ...VM, nativeId: '2' }), undefined)
  assert.deepEqual([...(ready.take(VM)?.known ?? [])], ['task-1'])
  assert.equal(ready.take(VM), undefined)
})

test('it is looked at again and again, so that what came in between is seen', async () => {
  let looks = 0
  const { clock, ready } = readiness(() => {
    looks += 1
    return `task-${looks}`
  })
  ready.begin(VM)
  await settled()
  for (let second = 0; second < 7; second += 1) {
    clock.advance(1_000)
    await settled()
  }
  assert.deepEqual([...(ready.take(VM)?.known ?? [])], ['task-3'])
})

test('what was seen too long ago is not given, because nobody answered since', async () => {
  let answers = true
  const { clock, ready } = readiness(() => {
    if (answers) return 'task-1'
    throw new StillshotError('hypervisor-unreachable', 'away')
  })
  ready.begin(VM)
  await settled()
  answers = false
  for (let second = 0; second < 6; second += 1) {
    clock.advance(1_000)
    await settled()
  }
  assert.equal(ready.take(VM), undefined)
})
