import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { Ports, VmSettings } from '../../src/coordinator/ports.ts'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { type DrillReport, runDrill } from '../../src/coordinator/run-drill.ts'
import { StillshotError } from '../../src/errors.ts'
import { mortalPorts } from '../world/mortal-ports.ts'
import { makeWorld, type World } from '../world/world.ts'

const signal = () => new AbortController().signal
const AGENT = { agent: true }
const ASSERT: NonNullable<VmSettings['drill']> = { assertions: ['select count(*) > 0 from t'], limitMs: 60_000 }

/** A drill of the newest point that stands still. */
function drill(world: World, ports: Ports = world.ports): Promise<DrillReport> {
  return runDrill(ports, world.settings, { dryRun: false, signal: signal() })
}

/** Whatever became of it, nothing of the copy is there, and nothing holds the VM. */
async function assertNoCopy(world: World, at = ''): Promise<void> {
  assert.deepEqual(world.hypervisor.copies('db1'), [], `${at}: no copy is left`)
  assert.deepEqual(await world.catalog.locks(), [], `${at}: no lock is left`)
}

describe('a drill', () => {
  test('of a good point passes, is kept with it, and leaves no copy', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    const { drill: record, point } = await drill(world)
    assert.equal(record?.result, 'passed', JSON.stringify(record))
    assert.equal(record?.tables, 30)
    assert.deepEqual([point.id, point.grade], [id, 'db-stopped'])
    assert.deepEqual((await world.catalog.point(id))?.drills, [record])
    await assertNoCopy(world)
    assert.deepEqual(world.guest.downAt.length, 1, 'the VM itself was stopped for the snapshot only')
  })

  const against: Readonly<Record<string, (world: World) => void>> = {
    'other-marker': ({ copy }) => {
      copy.facts.marker = '01KB0000000000000000000ABC boot'
    },
    'table-damaged': ({ copy }) => {
      copy.faults.damagedTable = 'shop.t'
    },
    'assertion-false': ({ copy }) => {
      copy.faults.assertion = { rows: 1, first: '0', error: null }
    },
    log: ({ copy }) => {
      copy.facts.recovered = true
    },
  }
  for (const [code, spoil] of Object.entries(against)) {
    test(`that finds ${code} fails and makes the point suspect`, async () => {
      const world = makeWorld({ drill: ASSERT }, AGENT)
      world.copy.faults.assertion = { rows: 1, first: '1', error: null }
      const { id, snapshot } = await world.snapshot()
      spoil(world)
      const { drill: record, point } = await drill(world)
      assert.equal(record?.result, 'failed')
      assert.deepEqual(
        record?.reasons.map((reason) => reason.code),
        [code],
      )
      assert.deepEqual([point.grade, point.reasons[0]?.code], ['suspect', 'drill-failed'])
      assert.equal((await world.catalog.point(id))?.grade, 'suspect')
      const kept = world.hypervisor.state('db1').snapshots.find((one) => one.snapshot.name === snapshot)
      assert.match(kept?.snapshot.description ?? '', /grade=suspect/)
      await assertNoCopy(world)
    })
  }

  const unseen: Readonly<Record<string, (world: World) => void>> = {
    'no agent answers': ({ hypervisor }) =>
      hypervisor.breakNext({
        ...{ call: 'guestAgent.ping', kind: 'fail', times: 1_000_000 },
        error: new StillshotError('hypervisor-refused', 'no agent'),
      }),
    'the server does not start': ({ copy }) => {
      copy.facts.running = false
    },
    'the admin’s own mistake': ({ copy }) => {
      copy.faults.assertion = { rows: 0, first: '', error: 'ERROR 1064 (42000) at line 1: You have an error' }
    },
    'it is not asked': ({ copy }) => {
      delete copy.faults.assertion
    },
  }
  for (const [what, spoil] of Object.entries(unseen)) {
    test(`in which ${what} is inconclusive and leaves the grade`, async () => {
      const world = makeWorld({ drill: ASSERT }, AGENT)
      world.copy.faults.assertion = { rows: 1, first: '1', error: null }
      const { id } = await world.snapshot()
      spoil(world)
      const { drill: record, point } = await drill(world)
      assert.equal(record?.result, 'inconclusive', JSON.stringify(record))
      assert.equal(point.grade, 'db-stopped')
      assert.equal((await world.catalog.point(id))?.drills?.length, 1)
      await assertNoCopy(world)
    })
  }

  test('whose copy is made though its answer is lost goes on with that one', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.hypervisor.breakNext({ call: 'clones.create', kind: 'lose-answer' })
    assert.equal((await drill(world)).drill?.result, 'passed')
    assert.equal(world.hypervisor.calls.filter((call) => call === 'clones.create').length, 1)
    await assertNoCopy(world)
  })

  test('whose copy does not start at once starts it later', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.hypervisor.breakNext({ call: 'powerOn', kind: 'fail', times: 3 })
    assert.equal((await drill(world)).drill?.result, 'passed')
    await assertNoCopy(world)
  })

  test('whose copy cannot be removed at once removes it later, and keeps what it saw', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    world.hypervisor.breakNext({ call: 'clones.remove', kind: 'fail', times: 3 })
    assert.equal((await drill(world)).drill?.result, 'passed')
    assert.equal((await world.catalog.point(id))?.drills?.length, 1)
    await assertNoCopy(world)
  })

  test('that cannot make its copy rejects, keeps nothing, and leaves the grade', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    const error = new StillshotError('storage-full', 'no space')
    world.hypervisor.breakNext({ call: 'clones.create', kind: 'fail', error })
    await assert.rejects(drill(world), { code: 'storage-full' })
    const point = await world.catalog.point(id)
    assert.deepEqual([point?.grade, point?.drills], ['db-stopped', undefined])
    await assertNoCopy(world)
  })

  test('that is cancelled while it looks destroys its copy', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.hypervisor.breakNext({ call: 'guestAgent.exec', kind: 'hang' })
    const cancel = new AbortController()
    const drilled = runDrill(world.ports, world.settings, { dryRun: false, signal: cancel.signal })
    const refused = assert.rejects(drilled, { code: 'cancelled' })
    await world.pass(5_000)
    assert.equal(world.hypervisor.copies('db1').length, 1)
    cancel.abort(new StillshotError('cancelled', 'enough'))
    await refused
    await assertNoCopy(world)
  })

  test('leaves no copy wherever its process dies, once recover has run', async () => {
    let last = 0
    for (let at = 1; last === 0; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = makeWorld({}, AGENT)
        await world.snapshot()
        world.copy.faults.damagedTable = 'shop.t'
        const { ports, death } = mortalPorts(world.ports, at, when)
        const ended = drill(world, ports).then(
          () => 'ended',
          () => 'ended',
        )
        const how = await Promise.race([ended, death.died.then(() => 'died')])
        if (how === 'ended' && death.calls() < at) {
          last = at
          break
        }
        await world.pass(60_000)
        const { settled } = await world.recover()
        assert.deepEqual(
          settled.filter(({ outcome }) => !['recovered', 'unreadable'].includes(outcome)),
          [],
          `${when} call ${at}`,
        )
        await assertNoCopy(world, `${when} call ${at}`)
        const [point] = await world.catalog.points()
        const description = world.hypervisor.state('db1').snapshots[0]?.snapshot.description ?? ''
        assert.match(description, new RegExp(`grade=${point?.grade}`), `${when} call ${at}`)
      }
    }
    assert.ok(last > 20, `${last} calls`)
  })

  test('whose copy is made after it was taken back loses it to recover', async () => {
    const world = makeWorld({}, AGENT)
    const { snapshot } = await world.snapshot()
    const error = new StillshotError('hypervisor-unreachable', 'nobody there')
    world.hypervisor.breakNext({ call: 'clones.create', kind: 'fail', error })
    await assert.rejects(drill(world), { code: 'answer-lost' })
    const [run] = (await world.catalog.runs()).filter(({ procedure }) => procedure === 'drill')
    assert.ok(run)
    const name = `stillshot-${run.id}`
    const vm = await world.hypervisor.findVm('db1')
    await world.hypervisor.clones.create(vm, { snapshotName: snapshot, name })
    world.hypervisor.breakNext({
      ...{ call: 'clones.remove', kind: 'fail' },
      error: new StillshotError('hypervisor-refused', 'locked'),
    })
    const told = async () => (await world.recover()).snapshots.map((each) => [each.snapshot, each.outcome])
    assert.match(
      (await world.recover()).snapshots[0]?.message ?? '',
      /locked; by hand: fake remove-copy db1 stillshot-/,
    )
    assert.deepEqual(await told(), [[name, 'removed']])
    await assertNoCopy(world)
    assert.deepEqual(await told(), [])
  })

  test('whose copy stays says the way out of its failure, and what to type', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    const error = new StillshotError('hypervisor-refused', 'its task was killed', { hint: 'unlock it as root' })
    world.hypervisor.breakNext({ call: 'clones.remove', kind: 'fail', times: 5, error })
    await assert.rejects(drill(world), {
      code: 'undo-failed',
      message: /remove-clone \(its task was killed; unlock it as root; by hand: fake remove-copy db1 stillshot-\w+\)/,
    })
  })

  test('keeps what others wrote on the point meanwhile, and writes nothing of one that is gone', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    const during = async (act: (point: RestorePoint) => Promise<void>) => {
      const point = await world.catalog.point(id)
      const { create } = world.hypervisor.clones
      assert.ok(point)
      world.hypervisor.clones.create = async (...given) => {
        await create(...given)
        await act(point)
      }
      const drilled = await drill(world)
      Object.assign(world.hypervisor.clones, { create })
      return drilled
    }
    await during((point) => world.catalog.savePoint({ ...point, note: 'keep me' }))
    const kept = await world.catalog.point(id)
    assert.deepEqual([kept?.note, kept?.drills?.length], ['keep me', 1])
    const { drill: record } = await during(() => world.catalog.removePoint(id))
    assert.equal(record?.result, 'passed')
    assert.equal(await world.catalog.point(id), undefined)
  })

  test('of a point that a run took away until the VM was free is refused, with nothing made', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    const { lockVm } = world.catalog
    world.catalog.lockVm = async (lock) => {
      await lockVm.call(world.catalog, lock)
      await world.catalog.removePoint(id)
    }
    await assert.rejects(drill(world), { code: 'point-not-found' })
    assert.equal(world.hypervisor.calls.includes('clones.create'), false)
    await assertNoCopy(world)
  })

  test('where no agent can be asked is refused before anything is made', async () => {
    const world = makeWorld()
    await world.snapshot()
    await assert.rejects(drill(world), { code: 'not-supported' })
    assert.equal(world.hypervisor.calls.includes('clones.create'), false)
    await assertNoCopy(world)
  })

  test('dry says what would be done and makes nothing', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    const report = await runDrill(world.ports, world.settings, { dryRun: true, signal: signal() })
    assert.equal(report.plan.length, 5)
    assert.equal(report.drill, undefined)
    assert.equal(world.hypervisor.calls.includes('clones.create'), false)
  })

  test('keeps the newest point that passed one, whatever a policy says', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    await drill(world)
    await world.pass(60_000)
    await world.snapshot()
    const policies = [{ name: 'one', keep: { last: 1 }, timezone: 'UTC' }]
    const { points } = await pruneVm(world.ports, world.settings, { policies, dryRun: false, signal: signal() })
    const kept = points.find((point) => point.id === id)
    assert.deepEqual([kept?.fate, kept?.reasons.map(({ code }) => code)], ['stays', ['last-that-passed-a-drill']])
  })
})
