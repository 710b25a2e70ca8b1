import assert from 'node:assert/strict'
import { test } from 'node:test'
import { undoActions } from '../../src/coordinator/undo-actions.ts'
import type { Hypervisor } from '../../src/hypervisor/hypervisor.ts'
import { makeWorld } from '../world/world.ts'

test('a snapshot whose removal had begun, unwritten because the disk failed, is removed and not labelled', async () => {
  const world = makeWorld()
  const point = await world.snapshot()
  const { hypervisor } = world
  const half: Partial<Hypervisor> = {
    findVm: (...given) => hypervisor.findVm(...given),
    removeSnapshot: (...given) => hypervisor.removeSnapshot(...given),
    listSnapshots: async (...given) =>
      (await hypervisor.listSnapshots(...given)).map((snapshot) => ({ ...snapshot, complete: false })),
  }
  const { ports, settings } = world
  // A label needs no guest.
  const helper = undefined as never
  const actions = undoActions({ ports: { ...ports, hypervisor: half as Hypervisor }, settings, helper })
  const { signal } = new AbortController()
  assert.match(
    String(await actions['label-snapshot']?.({ point: JSON.stringify(point) }, signal)),
    /was half removed, and is removed/,
  )
  assert.deepEqual(world.snapshotNames(), [])
  assert.deepEqual(await world.catalog.points(), [])
})
