import assert from 'node:assert/strict'
import type { VmEvent } from '../../../src/hypervisor/hypervisor.ts'
import { type HypervisorSuite, hypervisorCase } from './under-test.ts'

/** Power and events. */
export function powerCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'power() and powerOn() agree, and powerOn() of a running VM resolves', async (under) => {
    const { hypervisor, vm } = under
    await hypervisor.powerOn(vm)
    assert.equal(await hypervisor.power(vm), 'running')
    await under.stop()
    assert.equal(await hypervisor.power(vm), 'off')
    for (const _ of [1, 2]) await hypervisor.powerOn(vm)
    assert.equal(await hypervisor.power(vm), 'running')
  })

  if (suite.capabilities.events) eventCases(suite)

  hypervisorCase(
    suite,
    'watch() ends when its signal aborts, before and while it waits',
    async ({ hypervisor, vm }) => {
      for await (const event of hypervisor.watch(vm, AbortSignal.abort())) assert.fail(`unexpected ${event.kind}`)
      const ending = new AbortController()
      const watched = collect(hypervisor.watch(vm, ending.signal))
      setImmediate(() => ending.abort())
      assert.deepEqual(await watched, [])
    },
  )
}

function eventCases(suite: HypervisorSuite): void {
  hypervisorCase(suite, 'watch() yields that the VM stopped and started', async (under) => {
    const { hypervisor, vm } = under
    const ending = new AbortController()
    const seen = new Set<string>()
    const watched = (async () => {
      for await (const event of hypervisor.watch(vm, ending.signal)) {
        assert.match(event.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        seen.add(event.kind)
        if (seen.has('stopped') && seen.has('started')) ending.abort()
      }
    })()
    // A hypervisor does not say when it has begun to listen, so this goes on until the events are seen.
    while (!ending.signal.aborted) {
      await under.stop()
      await hypervisor.powerOn(vm)
    }
    await watched
    assert.deepEqual([...seen].filter((kind) => kind === 'started' || kind === 'stopped').toSorted(), [
      'started',
      'stopped',
    ])
  })
}

async function collect(events: AsyncIterable<VmEvent>): Promise<readonly VmEvent[]> {
  const all: VmEvent[] = []
  for await (const event of events) all.push(event)
  return all
}
