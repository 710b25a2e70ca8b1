import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StillshotError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/hypervisor/hypervisor.ts'
import { makeFrozenWorld } from './frozen-world.ts'

test('nothing is stopped, and the grade says what the hypervisor says', async () => {
  const { take, guest, state, catalog, pointsInTime } = makeFrozenWorld()
  const point = await take()
  assert.deepEqual([point.grade, point.reasons, point.mode, point.kind], ['fs-frozen', [], 'freeze', 'snapshot'])
  assert.deepEqual([point.outage, guest.downAt, guest.openHolds], [undefined, [], []])
  assert.equal(pointsInTime[0]?.running, true)
  assert.match(state.snapshots[0]?.snapshot.description ?? '', /grade=fs-frozen/)
  assert.deepEqual(await catalog.locks(), [])
})

test('a guest that was not frozen, or of which nobody knows, makes a point that is crash-only', async () => {
  const { take, state, hypervisor, onCreate } = makeFrozenWorld()
  state.agent = 'silent'
  const point = await take()
  assert.deepEqual([point.grade, point.reasons.map(({ code }) => code)], ['crash-only', ['not-quiesced']])
  state.agent = 'answers'
  hypervisor.breakNext({ call: 'createSnapshot', kind: 'lose-answer' })
  const lost = await take()
  assert.deepEqual([lost.grade, lost.reasons.map(({ code }) => code)], ['crash-only', ['quiesce-unknown']])
  onCreate(async (create) => ({ ...(await create()), disks: [] }))
  assert.equal((await take()).grade, 'suspect')
})

test('a hypervisor that cannot freeze, and a guest that is held, are refused before anything is done', async () => {
  const world = makeFrozenWorld()
  await world.guest.program(['/usr/local/sbin/stillshot-guest', 'hold', 'mysql', 'X'.repeat(26), '60000', '10000'])
  Object.assign(world.hypervisor.capabilities, { quiesce: false })
  await assert.rejects(world.take(), { message: /fake cannot freeze a guest/ })
  assert.deepEqual(world.snapshotNames(), [])
})

test('a task that dies over a frozen guest: the guest is thawed, and nothing is left', async () => {
  const { take, inside, snapshotNames, catalog, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    await create()
    inside.frozen = true
    throw new StillshotError('hypervisor-refused', 'the task was killed')
  })
  await assert.rejects(take(), { code: 'hypervisor-refused', message: /was killed/ })
  assert.equal(inside.frozen, false)
  assert.deepEqual([snapshotNames(), await catalog.locks(), await catalog.points()], [[], [], []])
})

test('a task of which nobody knows how it ended may have left the guest frozen: it is thawed', async () => {
  const { take, inside, catalog, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    const { quiesced: _, ...made } = await create()
    inside.frozen = true
    return made
  })
  const point = await take()
  assert.deepEqual([point.grade, inside.frozen], ['crash-only', false])
  assert.deepEqual(await catalog.locks(), [])
})

test('a guest that is paused is not thawed, and stays open for recover', async () => {
  const { take, inside, state, recover, onCreate } = makeFrozenWorld()
  onCreate(async () => {
    inside.frozen = true
    state.power = 'paused'
    throw new StillshotError('hypervisor-refused', 'the task was killed')
  })
  await assert.rejects(take(), { code: 'undo-failed', message: /thaw-guest .*is paused/ })
  state.power = 'running'
  assert.deepEqual(
    (await recover()).settled.map(({ outcome }) => outcome),
    ['recovered'],
  )
  assert.equal(inside.frozen, false)
})

test('a VM that somebody else works on is left as he has it: frozen', async () => {
  const { take, inside, snapshotNames, onCreate } = makeFrozenWorld()
  onCreate(async () => {
    inside.frozen = true
    throw new StillshotError('vm-locked', 'VM is locked (backup)')
  })
  await assert.rejects(take(), { code: 'vm-locked' })
  assert.deepEqual([inside.frozen, snapshotNames()], [true, []])
})

test('a task whose answer is lost, and that goes on, is no VM that somebody else works on', async () => {
  const { take, inside, hypervisor, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    await create()
    inside.frozen = true
    hypervisor.breakNext({
      call: 'listSnapshots',
      kind: 'fail',
      times: 100,
      error: new StillshotError('vm-locked', 'a snapshot is not listed yet'),
    })
    throw new StillshotError('answer-lost', 'the answer was lost')
  })
  await assert.rejects(take())
  assert.equal(inside.frozen, false)
})

test('a guest that does not answer afterwards: the point is kept, and it is told', async () => {
  const { take, guest, catalog, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    const made = await create()
    guest.facts.running = false
    return made
  })
  await assert.rejects(take(), { code: 'come-back-failed' })
  const [point] = await catalog.points()
  assert.deepEqual([point?.grade, point?.mode], ['fs-frozen', 'freeze'])
})

test('a process that dies over a frozen guest: recover thaws it before it tidies', async () => {
  const { take, inside, snapshotNames, recover, onCreate, pass } = makeFrozenWorld()
  onCreate(async (create) => {
    await create()
    inside.frozen = true
    return new Promise(() => {})
  })
  take().catch(() => {})
  await pass(30_000)
  const { settled } = await recover()
  assert.deepEqual(
    settled.map(({ outcome, open }) => [outcome, open]),
    [['recovered', []]],
  )
  assert.deepEqual([inside.frozen, snapshotNames()], [false, []])
})

test('a guest that stays frozen is told', async () => {
  const { take, inside, onCreate } = makeFrozenWorld()
  onCreate(async () => {
    inside.silent = true
    throw new StillshotError('hypervisor-refused', 'the task was killed')
  })
  await assert.rejects(take(), { code: 'undo-failed', message: /was killed.*thaw-guest .*by hand: fake thaw db1/ })
})

test('where the guest has the freeze hook its hold is the evidence, and no other snapshot is taken for its own', async () => {
  const { take, freezing, collect, onCreate, pass, restore, guest } = makeFrozenWorld()
  let id = ''
  onCreate(async (create) => {
    let made: Snapshot | undefined
    id = await freezing.frozen({
      during: async () => {
        made = await create()
      },
    })
    assert.ok(made)
    return made
  })
  const point = await take()
  assert.deepEqual([point.grade, point.reasons, point.mode], ['db-stopped', [], 'freeze'])
  assert.ok((point.outage?.totalMs ?? 0) > 0)
  assert.equal(freezing.kept.size, 0)
  await pass(3_600_000)
  assert.deepEqual((await collect()).freezes, [])
  const roll = guest.reset.bind(guest)
  guest.reset = () => {
    roll()
    queueMicrotask(() => {
      guest.facts.marker = `${id} boot`
    })
  }
  assert.equal((await restore(point.id)).cameBack, true)
})

test('a freeze for somebody else, while the request waited for him to be done, is no evidence of ours', async () => {
  const { take, freezing, onCreate, pass } = makeFrozenWorld()
  onCreate(async (take) => {
    await freezing.frozen({ during: () => pass(2_000) })
    await pass(3_000)
    return take()
  })
  const { grade, evidence } = await take()
  assert.notEqual(grade, 'db-stopped')
  assert.match(JSON.stringify(evidence), /freeze-ambiguous/)
})

test('the freeze of a run that failed is no evidence of a snapshot that somebody else took of the running server', async () => {
  const { take, freezing, collect, onCreate, pass, hypervisor } = makeFrozenWorld()
  await hypervisor.createSnapshot(await hypervisor.findVm('db1'), { name: 'careless', description: '' })
  await pass(5_000)
  const waits: (string | undefined)[] = []
  onCreate(async () => {
    await freezing.frozen({})
    await pass(20_000)
    waits.push(...(await collect()).freezes.map(({ outcome, message }) => `${outcome}: ${message}`))
    throw new StillshotError('hypervisor-refused', 'the task was killed')
  })
  await assert.rejects(take(), { code: 'hypervisor-refused' })
  assert.match(waits.join(), /^waits: run \w+ has the VM$/)
  await pass(60_000)
  const { freezes } = await collect()
  assert.deepEqual(
    freezes.map(({ snapshot, grade, reasons }) => [snapshot, grade, reasons?.[0]?.code]),
    [['careless', 'crash-only', 'freeze-ambiguous']],
  )
})

test('a freeze that the guest did not forget is known to be of the point', async () => {
  const { take, freezing, collect, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    let made: Snapshot | undefined
    await freezing.frozen({
      during: async () => {
        made = await create()
      },
    })
    assert.ok(made)
    return made
  })
  const forgotten = freezing.run.bind(freezing)
  freezing.run = async (argv) =>
    argv.includes('forget') ? { exitStatus: 1, stdout: '', stderr: 'no' } : forgotten(argv)
  const point = await take()
  freezing.run = forgotten
  const { freezes } = await collect()
  assert.deepEqual(
    freezes.map(({ outcome, snapshot, message }) => [outcome, snapshot, message]),
    [['point', point.snapshot, `it was for restore point ${point.id}`]],
  )
  assert.equal(freezing.kept.size, 0)
})

test('a freeze that was not for this snapshot is no evidence of it', async () => {
  const { take, freezing, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    await freezing.frozen({})
    return { ...(await create()), quiesced: false }
  })
  const point = await take()
  assert.equal(point.grade, 'crash-only')
})

test('a hook whose watchdog thawed the guest while the task still ran: nothing shows what the snapshot holds', async () => {
  const { take, freezing, onCreate, pass } = makeFrozenWorld({ holdTtlMs: 120_000 })
  onCreate(async (create) => {
    let made: Snapshot | undefined
    await freezing.frozen({
      during: async () => {
        await pass(61_000)
        made = await create()
      },
    })
    assert.ok(made)
    return made
  })
  const point = await take()
  assert.equal(point.grade, 'crash-only')
  assert.ok(point.reasons.some(({ code }) => code === 'watchdog-fired'))
})

test('a freeze of the hook that cannot be read, or asked for, leaves it open whether the guest stayed frozen', async () => {
  const { take, freezing, onCreate } = makeFrozenWorld()
  onCreate(async (create) => {
    const made = await create()
    await freezing.frozen({})
    for (const document of freezing.kept.values()) document.holdAnswer = {}
    return made
  })
  const point = await take()
  assert.deepEqual([point.grade, point.reasons.map(({ code }) => code)], ['crash-only', ['freeze-unreadable']])
})

test('an fs-frozen point is restored without a marker of its own, and may recover', async () => {
  const { take, guest, restore } = makeFrozenWorld()
  const point = await take()
  guest.facts.recovered = true
  const { cameBack, proofs } = await restore(point.id)
  assert.equal(cameBack, true)
  assert.ok(proofs.some(({ code }) => code === 'no-marker-expected'))
})
