import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Ports } from '../../src/coordinator/ports.ts'
import { pruneVm } from '../../src/coordinator/prune-vm.ts'
import { removeCopy } from '../../src/coordinator/remove-copy.ts'
import { type CopyOrder, type CopyReport, restoreAs } from '../../src/coordinator/restore-as.ts'
import { StillshotError } from '../../src/errors.ts'
import { mortalPorts } from '../world/mortal-ports.ts'
import { makeWorld, type World } from '../world/world.ts'

const signal = () => new AbortController().signal
const AGENT = { agent: true }
const AS = 'db1-rescue'

function copy(world: World, order: Partial<CopyOrder> = {}, ports: Ports = world.ports): Promise<CopyReport> {
  return restoreAs(ports, world.settings, { as: AS, dryRun: false, signal: signal(), ...order })
}

const remove = (world: World, name = AS, dryRun = false) =>
  removeCopy(world.ports, world.settings, { name, dryRun, signal: signal() })

async function keptNames(world: World): Promise<readonly string[]> {
  return (await world.hypervisor.clones.listKept()).map(({ name }) => name)
}

/** The VM itself: nothing was done to it. */
function untouched({ hypervisor, guest }: World, at = ''): void {
  const { power, rolledBack } = hypervisor.state('db1')
  assert.deepEqual([power, rolledBack.size, guest.facts.running], ['running', 0, true], at)
}

describe('restore --as', () => {
  test('makes a copy that stays, is up, and leaves the VM as it is', async () => {
    const world = makeWorld({}, AGENT)
    const { id, snapshot } = await world.snapshot()
    const report = await copy(world)
    assert.equal(report.cameBack, true, JSON.stringify(report.findings))
    assert.deepEqual([report.point.id, report.copy?.name, report.copy?.snapshotName], [id, AS, snapshot])
    assert.match(report.reach, /reach db1-rescue/)
    assert.deepEqual(await keptNames(world), [AS])
    assert.deepEqual(await world.catalog.locks(), [])
    assert.equal(world.hypervisor.state(report.copy?.nativeId ?? '').power, 'running')
    const [run] = await world.catalog.runs({ vm: 'db1' })
    assert.deepEqual([run?.procedure, run?.outcome, run?.point], ['restore-as', 'done', id])
    untouched(world)
    const { settled, snapshots } = await world.recover()
    assert.deepEqual([settled, snapshots, await keptNames(world)], [[], [], [AS]])
  })

  test('--remove-copy takes the copy that was agreed to, and no other that has its name by now', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    await copy(world)
    const order = { name: AS, id: 'stillshot-01JDAAAAAAAAAAAAAAAAAAAAAA', dryRun: false, signal: signal() }
    await assert.rejects(removeCopy(world.ports, world.settings, order), { code: 'copy-not-found' })
    assert.deepEqual(await keptNames(world), [AS])
  })

  test('works when the guest is dead, and when it is off', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.hypervisor.state('db1').power = 'off'
    assert.equal((await copy(world)).cameBack, true)
    assert.equal(world.hypervisor.state('db1').power, 'off')
  })

  test('gives the lock back before the copy boots', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.hypervisor.breakNext({ call: 'guestAgent.exec', kind: 'hang' })
    const cancel = new AbortController()
    const copied = assert.rejects(copy(world, { signal: cancel.signal }), {
      code: 'cancelled',
      message: /enough; the copy db1-rescue is kept/,
      hint: /stillshot restore db1 --remove-copy db1-rescue/,
    })
    await world.pass(5_000)
    assert.deepEqual(await world.catalog.locks(), [])
    cancel.abort(new StillshotError('cancelled', 'enough'))
    await copied
    assert.deepEqual(await keptNames(world), [AS], 'what is kept stays')
  })

  test('that does not see its database up says so and keeps the copy', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.copy.facts.running = false
    const report = await copy(world)
    assert.equal(report.cameBack, false)
    assert.deepEqual(await keptNames(world), [AS])
  })

  test('of a copy whose marker names another run is not called up', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    world.copy.facts.marker = '01KB0000000000000000000ABC boot'
    const { cameBack, findings } = await copy(world)
    assert.equal(cameBack, false)
    assert.ok(findings.some(({ code, verdict }) => code === 'other-marker' && verdict === 'contradicted'))
  })

  test('where nobody can look inside says that beforehand and afterwards', async () => {
    const world = makeWorld()
    await world.snapshot()
    const dry = await copy(world, { dryRun: true })
    assert.match(dry.plan.at(-1) ?? '', /nobody can look inside/)
    assert.deepEqual([dry.copy, world.hypervisor.calls.includes('clones.create')], [null, false])
    const { cameBack, findings } = await copy(world)
    assert.deepEqual([cameBack, findings[0]?.code], [null, 'inside-not-seen'])
    assert.deepEqual(await keptNames(world), [AS])
  })

  for (const name of [
    '',
    '-a',
    'a b',
    'a/b',
    "a'b",
    '100',
    'stillshot-x',
    'x'.repeat(64),
    '7b9d2c44-0a5e-4d2c-9a40-9a1b5cfe0001',
  ]) {
    test(`refuses the name ${JSON.stringify(name)} before it looks at anything`, async () => {
      const world = makeWorld({}, AGENT)
      await assert.rejects(copy(world, { as: name }), { code: 'usage' })
      assert.deepEqual(world.hypervisor.calls, [])
    })
  }

  test('refuses a name that a VM has, with nothing made', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    await assert.rejects(copy(world, { as: 'db1' }), {
      code: 'hypervisor-refused',
      message: /there is a VM db1 already/,
    })
    assert.equal(world.hypervisor.calls.includes('clones.create'), false)
    await copy(world)
    await assert.rejects(copy(world), { code: 'hypervisor-refused' })
    assert.deepEqual(await keptNames(world), [AS])
  })

  test('whose name is taken meanwhile takes its copy back', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    const error = new StillshotError('hypervisor-refused', 'there is a VM of that name already')
    world.hypervisor.breakNext({ call: 'clones.keep', kind: 'fail', error })
    await assert.rejects(copy(world), { code: 'hypervisor-refused' })
    assert.deepEqual(world.hypervisor.copies('db1'), [])
    assert.deepEqual(await world.catalog.locks(), [])
  })

  for (const call of ['clones.create', 'clones.keep'] as const) {
    test(`whose ${call} is done though its answer is lost goes on with that copy`, async () => {
      const world = makeWorld({}, AGENT)
      await world.snapshot()
      world.hypervisor.breakNext({ call, kind: 'lose-answer' })
      assert.equal((await copy(world)).cameBack, true)
      assert.deepEqual(world.hypervisor.copies('db1'), [AS])
    })
  }

  test('wherever its process dies: recover keeps what is kept, names it, and leaves nothing else', async () => {
    const seen = { kept: 0, gone: 0 }
    let last = 0
    for (let at = 1; last === 0; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = makeWorld({}, AGENT)
        await world.snapshot()
        const { ports, death } = mortalPorts(world.ports, at, when)
        const ended = copy(world, {}, ports).then(
          () => 'ended',
          () => 'ended',
        )
        const how = await Promise.race([ended, death.died.then(() => 'died')])
        if (how === 'ended' && death.calls() < at) {
          last = at
          break
        }
        const kept = await keptNames(world)
        await world.pass(60_000)
        const { settled } = await world.recover()
        const place = `${when} call ${at}`
        assert.deepEqual(await keptNames(world), kept, `${place}: recover keeps what was kept`)
        assert.deepEqual(world.hypervisor.copies('db1'), kept, `${place}: and leaves nothing else`)
        assert.deepEqual(await world.catalog.locks(), [], place)
        untouched(world, place)
        for (const { outcome, notes = [] } of settled) {
          assert.ok(['recovered', 'unreadable'].includes(outcome), place)
          for (const note of notes) assert.match(note, /the copy db1-rescue of db1 is kept/, place)
        }
        seen[kept.length === 0 ? 'gone' : 'kept'] += 1
        // Nothing is left that stands in the way of the next one, whose name was used before.
        if (kept.length > 0) await remove(world)
        assert.equal((await copy(world)).cameBack, true, place)
        assert.deepEqual((await world.recover()).snapshots, [], place)
        assert.deepEqual(await keptNames(world), [AS], place)
      }
    }
    assert.ok(seen.kept > 5 && seen.gone > 5, JSON.stringify(seen))
  })

  test('a copy that is kept survives a recover that read a journal without its end', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    const { copy: kept, run } = await copy(world)
    const path = `/state/runs/${run}.jsonl`
    const { files } = world.system
    const lines = files.content(path).split('\n')
    const cut = lines.findIndex((line) => line.includes('"step":"keep-copy"') && line.includes('"intent"'))
    files.put(path, `${lines.slice(0, cut).join('\n')}\n`)
    world.hypervisor.state(kept?.nativeId ?? '').name = 'renamed'
    const { settled } = await world.recover()
    assert.match(settled[0]?.notes?.[0] ?? '', /the copy renamed of db1 is kept/)
    assert.deepEqual(await keptNames(world), ['renamed'])
  })

  test('prune leaves a snapshot that a copy stands on, and takes it once the copy is gone', async () => {
    const world = makeWorld({}, AGENT)
    const { id } = await world.snapshot()
    const { copy: kept } = await copy(world)
    world.hypervisor.state(kept?.nativeId ?? '').name = 'renamed'
    for (let more = 0; more < 2; more += 1) {
      await world.pass(60_000)
      await world.snapshot()
    }
    const policies = [{ name: 'one', keep: { last: 1 }, timezone: 'UTC' }]
    const prune = async () => {
      const { points } = await pruneVm(world.ports, world.settings, { policies, dryRun: false, signal: signal() })
      return points.find((point) => point.id === id)
    }
    const stays = await prune()
    assert.equal(stays?.removal?.outcome, 'kept', JSON.stringify(stays))
    assert.equal(stays?.removal?.why?.code, 'snapshot-has-branches')
    await remove(world, 'renamed')
    assert.equal((await prune())?.removal?.outcome, 'removed')
  })
})

describe('restore --remove-copy', () => {
  test('removes the copy and nothing else', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    await copy(world)
    assert.equal((await remove(world, AS, true)).removed, false)
    assert.deepEqual(await keptNames(world), [AS])
    assert.equal((await remove(world)).removed, true)
    assert.deepEqual(world.hypervisor.copies('db1'), [])
    untouched(world)
  })

  test('refuses what is no copy that is kept: the VM, a drill’s copy, another VM’s', async () => {
    const world = makeWorld({}, AGENT)
    const { snapshot } = await world.snapshot()
    const vm = await world.hypervisor.findVm('db1')
    const name = 'stillshot-01KB0000000000000000000ABC'
    await world.hypervisor.clones.create(vm, { snapshotName: snapshot, name })
    for (const wrong of ['db1', name, 'nothing']) await assert.rejects(remove(world, wrong), { code: 'copy-not-found' })
    await world.hypervisor.clones.keep(vm, name, 'other')
    Object.assign(world.hypervisor.state(`copy-${name}`).copyOf ?? {}, { nativeId: 'db9' })
    await assert.rejects(remove(world, 'other'), { code: 'copy-not-found', message: /of another VM/ })
    assert.equal(world.hypervisor.calls.includes('clones.removeKept'), false)
  })

  test('that dies is ended by recover', async () => {
    for (const when of ['before', 'after'] as const) {
      const world = makeWorld({}, AGENT)
      await world.snapshot()
      await copy(world)
      for (let at = 1; at < 40; at += 1) {
        const { ports, death } = mortalPorts(world.ports, at, when)
        const order = { name: AS, dryRun: false, signal: signal() }
        const ended = removeCopy(ports, world.settings, order).then(
          () => {},
          () => {},
        )
        await Promise.race([ended, death.died])
        const journalled = (await world.system.files.list('/state/runs')).length
        const { settled } = await world.recover()
        for (const { outcome } of settled) assert.ok(['recovered', 'unreadable'].includes(outcome), `${when} ${at}`)
        if ((await keptNames(world)).length === 0) break
        assert.ok(journalled > 0)
      }
      assert.deepEqual(await keptNames(world), [])
    }
  })

  test('that the hypervisor refuses keeps the copy and says why', async () => {
    const world = makeWorld({}, AGENT)
    await world.snapshot()
    await copy(world)
    const error = new StillshotError('hypervisor-refused', 'it has snapshots of its own')
    world.hypervisor.breakNext({ call: 'clones.removeKept', kind: 'fail', error, times: 2 })
    await assert.rejects(remove(world), { code: 'hypervisor-refused', message: /snapshots of its own/ })
    assert.deepEqual(await keptNames(world), [AS])
  })
})
