import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadDescriptionKey } from '../../src/coordinator/description-key.ts'
import { holdVm } from '../../src/coordinator/hold.ts'
import type { Ports } from '../../src/coordinator/ports.ts'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { releaseHold } from '../../src/coordinator/release-hold.ts'
import { restoreSnapshot } from '../../src/coordinator/restore-snapshot.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { gradeToTrust, readDescription } from '../../src/grade/description.ts'
import { mortalPorts } from '../world/mortal-ports.ts'
import { makeWorld, type World } from '../world/world.ts'

const signal = () => new AbortController().signal

type Procedure = (ports: Ports, world: World) => Promise<unknown>

/** Runs the procedure in a process that dies at each of its calls in turn, lets time pass, and recovers. */
async function dieEverywhere(
  prepare: (world: World) => Promise<unknown>,
  procedure: Procedure,
  check: (world: World, at: string) => Promise<void>,
) {
  for (let at = 1; ; at += 1) {
    for (const when of ['before', 'after'] as const) {
      const world = makeWorld({ drainMs: 2_000 })
      await prepare(world)
      const { ports, death } = mortalPorts(world.ports, at, when)
      const ended = procedure(ports, world).then(
        () => 'ended',
        () => 'ended',
      )
      const how = await Promise.race([ended, death.died.then(() => 'died')])
      if (how === 'ended' && death.calls() < at) return at - 1
      await world.pass(300_000)
      await check(world, `${when} call ${at}`)
    }
  }
}

/** After the watchdog's time and one `recover`, this holds wherever the process died. */
async function assertSettled(world: World, at: string): Promise<void> {
  assert.equal(world.guest.facts.running, true, `${at}: the server runs before recover`)
  const report = await world.recover()
  assert.deepEqual(
    report.settled.filter(({ outcome }) => outcome !== 'recovered' && outcome !== 'unreadable'),
    [],
    at,
  )
  assert.deepEqual(await world.catalog.locks(), [], `${at}: no lock is left`)
  assert.deepEqual(world.guest.openHolds, [], `${at}: no hold is left`)
  const again = await world.recover()
  assert.deepEqual(
    again.settled.filter(({ outcome }) => outcome !== 'unreadable'),
    [],
    `${at}: nothing is left for a second recover`,
  )
  await assertLabelled(world, at)
}

/** Every snapshot on the hypervisor is a point of the catalog that says the same grade as its description. */
async function assertLabelled(world: World, at: string): Promise<void> {
  const key = await loadDescriptionKey(world.system, '/state')
  const points = await world.catalog.points()
  const vm = await world.hypervisor.findVm('db1')
  const snapshots = await world.hypervisor.listSnapshots(vm)
  assert.deepEqual(
    snapshots.map(({ name }) => name).sort(),
    points.map(({ snapshot }) => snapshot).sort(),
    `${at}: no orphan`,
  )
  for (const { name, description } of snapshots) {
    const grade = gradeToTrust(readDescription(description, key), name.slice('stillshot-'.length))
    assert.equal(grade, points.find(({ snapshot }) => snapshot === name)?.grade, at)
    const running = world.pointsInTime.find((point) => point.name === name)?.running
    if (grade === 'db-stopped') assert.equal(running, false, `${at}: db-stopped, but it ran`)
  }
}

test('take-snapshot dies at every call of a port: the server comes back, recover settles the rest', async () => {
  const procedure: Procedure = (ports, { settings }) =>
    takeSnapshot(ports, settings, { mode: 'stop', signal: signal() })
  const calls = await dieEverywhere(async () => {}, procedure, assertSettled)
  assert.ok((calls ?? 0) > 30, `${calls}`)
})

test('restore dies at every call of a port: the VM runs, at the point or as before', async () => {
  const prepare = (world: World) => world.snapshot()
  const procedure: Procedure = (ports, { settings }) =>
    restoreSnapshot(ports, settings, { safetySnapshot: true, dryRun: false, signal: signal() })
  const calls = await dieEverywhere(prepare, procedure, async (world, at) => {
    await assertSettled(world, at)
    assert.equal(await world.hypervisor.power(await world.hypervisor.findVm('db1')), 'running', at)
  })
  assert.ok((calls ?? 0) > 30, `${calls}`)
})

test('restore dies at every call of a port while it removes what is in the way: each is there with its point, or gone', async () => {
  let first = ''
  const prepare = async (world: World) => {
    Object.assign(world.hypervisor, { capabilities: { ...world.hypervisor.capabilities, rollBackToAny: false } })
    first = (await world.snapshot()).id
    for (let count = 0; count < 2; count += 1) await world.snapshot()
  }
  const procedure: Procedure = (ports, { settings, catalog }) => {
    const order = { pointId: first, safetySnapshot: false, dryRun: false, signal: signal() }
    return catalog.points().then((points) => {
      const removeNewer = points.filter(({ id }) => id !== first).map(({ snapshot }) => snapshot)
      return restoreSnapshot(ports, settings, { ...order, removeNewer })
    })
  }
  const calls = await dieEverywhere(prepare, procedure, async (world, at) => {
    await assertSettled(world, at)
    assert.equal(await world.hypervisor.power(await world.hypervisor.findVm('db1')), 'running', at)
    assert.notEqual(await world.catalog.point(first), undefined, at)
  })
  assert.ok((calls ?? 0) > 30, `${calls}`)
})

test('hold dies at every call of a port: nothing stays stopped beyond the time to live', async () => {
  const procedure: Procedure = (ports, { settings }) => holdVm(ports, settings, { signal: signal() })
  await dieEverywhere(async () => {}, procedure, assertSettled)
})

test('release dies at every call of a port: the hold is settled by recover', async () => {
  let hold = ''
  const prepare = async (world: World) => {
    hold = (await holdVm(world.ports, world.settings, { signal: signal() })).id
  }
  const procedure: Procedure = (ports, { settings }) => releaseHold(ports, settings, hold, { signal: signal() })
  await dieEverywhere(prepare, procedure, assertSettled)
})

test('prune dies at every call of a port: no point is lost that stays, none is kept without its snapshot', async () => {
  const policies = [{ name: 'nightly', keep: { last: 2 }, timezone: 'UTC' }]
  let ids: string[] = []
  const prepare = async (world: World) => {
    ids = []
    for (let count = 0; count < 4; count += 1) {
      ids.push((await world.snapshot()).id)
      await world.pass(60_000)
    }
  }
  const procedure: Procedure = (ports, { settings }) =>
    pruneVm(ports, settings, { policies, dryRun: false, signal: signal() })
  const calls = await dieEverywhere(prepare, procedure, async (world, at) => {
    await assertSettled(world, at)
    const left = (await world.catalog.points()).map(({ id }) => id)
    assert.deepEqual(left.slice(0, 2).toReversed(), ids.slice(2), `${at}: what the policy keeps`)
    await procedure(world.ports, world)
    assert.deepEqual((await world.catalog.points()).map(({ id }) => id).toReversed(), ids.slice(2), at)
  })
  assert.ok((calls ?? 0) > 20, `${calls}`)
})

test('recover leaves a run alone whose process lives, and a hold within its time to live', async () => {
  const world = makeWorld()
  const { id } = await holdVm(world.ports, world.settings, { signal: signal() })
  const report = await world.recover()
  assert.deepEqual(
    report.holds.map(({ outcome }) => outcome),
    ['held'],
  )
  assert.deepEqual(
    report.locks.map(({ outcome }) => outcome),
    ['kept'],
  )
  assert.equal(world.guest.facts.running, false)
  const released = await releaseHold(world.ports, world.settings, id, { signal: signal() })
  assert.deepEqual([released.state, released.grade], ['released', 'db-stopped'])
})
