import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { loadDescriptionKey } from '../../src/coordinator/description-key.ts'
import type { Evidence } from '../../src/coordinator/evidence.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { StillshotError } from '../../src/errors.ts'
import { readDescription } from '../../src/grade/description.ts'
import { makeWorld, type World } from '../world/world.ts'

/** Whatever happened, this holds afterwards. */
async function assertQuiet(world: World, { points }: { points: number }): Promise<void> {
  assert.equal(world.guest.facts.running, true, 'the server runs')
  assert.deepEqual(world.guest.openHolds, [], 'no hold is open')
  assert.equal(world.guest.drained, false, 'settings are back')
  assert.deepEqual(await world.catalog.locks(), [], 'no lock is left')
  assert.equal(world.snapshotNames().length, points)
  assert.equal((await world.catalog.points()).length, points)
}

test('a snapshot of a server that stands still is db-stopped, labelled and listed', async () => {
  const world = makeWorld({ drainMs: 5_000 })
  const point = await world.snapshot()
  assert.deepEqual([point.grade, point.reasons], ['db-stopped', []])
  assert.deepEqual(world.pointsInTime, [{ name: point.snapshot, running: false }])
  await assertQuiet(world, { points: 1 })
  const key = await loadDescriptionKey(world.system, '/state')
  const [snapshot] = await world.hypervisor.listSnapshots(await world.hypervisor.findVm('db1'))
  const read = readDescription(snapshot?.description ?? '', key)
  assert.deepEqual([read?.verified, read?.claim.grade], [true, 'db-stopped'])
  assert.deepEqual(
    world.guest.asked.filter((verb) => verb !== 'probe'),
    ['drain', 'hold', 'release', 'come-back'],
  )
})

test('the parts of the outage sum to the total', async () => {
  const { outage } = await makeWorld().snapshot()
  assert.ok(outage)
  assert.equal(outage.stopMs + outage.snapshotMs + outage.startMs + outage.readyMs, outage.totalMs)
  assert.ok(outage.totalMs >= 500, `${outage.totalMs}`)
})

test('the snapshot carries grade=pending until it is graded', async () => {
  const world = makeWorld()
  world.hypervisor.breakNext({ call: 'describeSnapshot', kind: 'hang' })
  let seen = ''
  const running = world.snapshot()
  running.catch(() => {})
  await world.pass(30_000)
  const [snapshot] = await world.hypervisor.listSnapshots(await world.hypervisor.findVm('db1'))
  seen = snapshot?.description ?? ''
  assert.match(seen, /grade=(pending|db-stopped)/)
})

const GRADED_DOWN: Readonly<Record<string, (world: World) => void>> = {
  'stopped uncleanly': ({ guest }) => {
    guest.faults.killed = true
  },
  'no completed sync': ({ guest }) => {
    guest.faults.syncFails = true
  },
  'started by somebody before the point in time': (world) => beforePoint(world, () => world.guest.startByHand()),
  'the guest was reset before the point in time': (world) => beforePoint(world, () => world.guest.reset()),
  'the watchdog fired before the point in time': (world) => beforePoint(world, () => world.pass(70_000)),
}

/** Does something between the hold and the hypervisor's point in time. */
function beforePoint(world: World, act: () => unknown): void {
  const create = world.hypervisor.createSnapshot.bind(world.hypervisor)
  world.hypervisor.createSnapshot = async (vm, request) => {
    await act()
    return create(vm, request)
  }
}

for (const [what, arrange] of Object.entries(GRADED_DOWN)) {
  test(`graded down: ${what}`, async () => {
    const world = makeWorld()
    arrange(world)
    const outcome = await world.snapshot().catch((error: StillshotError) => error)
    if (outcome instanceof StillshotError) {
      assert.equal(outcome.code, 'come-back-failed')
    }
    const point = (outcome instanceof StillshotError ? outcome.details.point : outcome) as RestorePoint
    assert.notEqual(point.grade, 'db-stopped')
    assert.ok(point.reasons.length > 0)
    await assertQuiet(world, { points: 1 })
  })
}

const FAILS: Readonly<Record<string, { code: string; arrange: (world: World) => void }>> = {
  'the hold is refused': {
    code: 'hold-refused',
    arrange: ({ guest }) => {
      guest.faults.refuseHold = true
    },
  },
  'the hypervisor refuses': {
    code: 'hypervisor-refused',
    arrange: ({ hypervisor }) =>
      hypervisor.breakNext({
        call: 'createSnapshot',
        kind: 'fail',
        error: new StillshotError('hypervisor-refused', 'no'),
      }),
  },
  'the answer to the hold is lost': {
    code: 'guest-unreachable',
    arrange: ({ shells }) => {
      shells.faultNextRun({})
      shells.faultNextRun({ lose: 'answer' })
    },
  },
  'the hold never arrives': {
    code: 'guest-unreachable',
    arrange: ({ shells }) => {
      shells.faultNextRun({})
      shells.faultNextRun({ lose: 'request' })
    },
  },
  'the helper in the guest is another one': {
    code: 'helper-altered',
    arrange: ({ guest }) => {
      guest.facts.sha256 = 'b'.repeat(64)
    },
  },
  'the guest is another machine': {
    code: 'preflight-refused',
    arrange: ({ guest }) => {
      guest.facts.uuid = '00000000-0000-0000-0000-000000000000'
    },
  },
  'the journal cannot be written': {
    code: 'state-unwritable',
    arrange: ({ system }) =>
      system.files.setFault((operation) => {
        if (operation === 'append') throw new Error('ENOSPC')
      }),
  },
}

for (const [what, { code, arrange }] of Object.entries(FAILS)) {
  test(`fails without a trace: ${what}`, async () => {
    const world = makeWorld()
    arrange(world)
    await assert.rejects(world.snapshot(), { code })
    await assertQuiet(world, { points: 0 })
  })
}

test('an answer of the hypervisor that is lost is settled by looking: one snapshot, never two', async () => {
  const world = makeWorld()
  world.hypervisor.breakNext({ call: 'createSnapshot', kind: 'lose-answer' })
  const point = await world.snapshot()
  assert.equal(point.grade, 'db-stopped')
  assert.equal(world.hypervisor.calls.filter((call) => call === 'createSnapshot').length, 1)
  await assertQuiet(world, { points: 1 })
})

test('a release whose answer is lost is asked again with the same id, and the fence is the first one', async () => {
  const world = makeWorld()
  for (let run = 0; run < 2; run += 1) world.shells.faultNextRun({})
  world.shells.faultNextRun({ lose: 'answer' })
  const point = await world.snapshot()
  assert.equal(point.grade, 'db-stopped')
  await assertQuiet(world, { points: 1 })
})

test('the server that does not come back is an error that keeps the point', async () => {
  const world = makeWorld()
  world.guest.faults.startFails = true
  const error = await world.snapshot().catch((thrown: StillshotError) => thrown)
  assert.ok(error instanceof StillshotError)
  assert.equal(error.code, 'come-back-failed')
  assert.equal((error.details.point as RestorePoint).grade, 'db-stopped')
  assert.equal(world.snapshotNames().length, 1)
})

test('a second run on the same VM is refused while the first one works', async () => {
  const world = makeWorld()
  const both = await Promise.allSettled([world.snapshot(), world.snapshot()])
  const refused = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult
  assert.equal((refused.reason as StillshotError).code, 'run-under-way')
  await assertQuiet(world, { points: 1 })
})

test('an abort during the snapshot takes everything back', async () => {
  const world = makeWorld()
  const controller = new AbortController()
  world.hypervisor.breakNext({ call: 'createSnapshot', kind: 'delay', ms: 10_000 })
  const running = world.snapshot({ signal: controller.signal })
  running.catch(() => {})
  await world.pass(5_000)
  controller.abort(new StillshotError('cancelled', 'cancelled by the user'))
  await assert.rejects(running, { code: 'cancelled' })
  await assertQuiet(world, { points: 0 })
})

test('a forecast over budget or time to live is refused before anything stops', async () => {
  for (const change of [{ budgetMs: 1_000 }, { holdTtlMs: 5_000 }]) {
    const world = makeWorld(change)
    await assert.rejects(world.snapshot(), { code: 'preflight-refused' })
    assert.deepEqual(world.guest.downAt, [])
  }
})

test('what the hypervisor warned of stays with the evidence', async () => {
  const world = makeWorld()
  const { hypervisor } = world
  const createSnapshot: typeof hypervisor.createSnapshot = async (...given) => ({
    ...(await hypervisor.createSnapshot(...given)),
    warnings: ['guest agent is not running'],
  })
  const warning = new Proxy(hypervisor, {
    get: (target, name) =>
      name === 'createSnapshot'
        ? createSnapshot
        : (Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)),
  })
  const signal = new AbortController().signal
  const point = await takeSnapshot({ ...world.ports, hypervisor: warning }, world.settings, { mode: 'stop', signal })
  const { findings } = point.evidence as Evidence
  assert.deepEqual(
    findings.map(({ code, message }) => [code, message]),
    [['hypervisor-warning', 'guest agent is not running']],
  )
})
