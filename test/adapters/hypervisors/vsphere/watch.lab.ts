// runs beside other labs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { VmEvent } from '../../../../src/hypervisor/hypervisor.ts'
import { type OpenedVsphere, withVsphere } from './open-vsphere.ts'

/** Runs the acts one after the other, each when vSphere has told what the last one did, and gives the kinds of all events. */
async function watched(
  { hypervisor, simulator, vm }: OpenedVsphere,
  acts: readonly (() => Promise<unknown>)[],
): Promise<readonly VmEvent['kind'][]> {
  const ending = new AbortController()
  const kinds: VmEvent['kind'][] = []
  const rest = [...acts]
  const next = () => rest.shift()?.() ?? ending.abort()
  const watching = (async () => {
    for await (const { kind } of hypervisor.watch(vm, ending.signal)) {
      kinds.push(kind)
      await next()
    }
  })()
  // The first answer is the state from which on there are events; the second question waits for them.
  while (((await simulator.state()).calls.WaitForUpdatesEx ?? 0) < 2) await new Promise((wait) => setTimeout(wait, 20))
  await next()
  await watching
  return kinds
}

describe('what happens to a VM of vSphere', () => {
  test('is told as it happens, without being asked for', () =>
    withVsphere({}, async (opened) => {
      const set = (settings: object) => () => opened.simulator.set({ vm: 'db1', ...settings })
      const kinds = await watched(opened, [
        set({ reset: true }),
        set({ power: 'suspended' }),
        set({ power: 'poweredOn' }),
        () => opened.hypervisor.createSnapshot(opened.vm, { name: 's1', description: '' }),
        set({ host: 'host-99' }),
        set({ power: 'poweredOff' }),
      ])
      assert.deepEqual(kinds, ['reset', 'paused', 'resumed', 'snapshot', 'migrated', 'stopped'])
    }))

  test('is told also when the session has expired meanwhile, and when the connection broke', () =>
    withVsphere({}, async (opened) => {
      const { simulator } = opened
      const kinds = await watched(opened, [
        async () => {
          await simulator.rule({ method: 'WaitForUpdatesEx', where: 'before', times: 2 })
          await simulator.expire()
          await simulator.set({ vm: 'db1', power: 'suspended' })
        },
        () => simulator.set({ vm: 'db1', power: 'poweredOff' }),
      ])
      assert.deepEqual(kinds, ['paused', 'stopped'])
    }))
})
