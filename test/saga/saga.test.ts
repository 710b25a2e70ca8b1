import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualSystem } from '../../adapters/system/fake/virtual-system.ts'
import { StillshotError } from '../../src/errors.ts'
import { carryOutUndos, type UndoAction } from '../../src/saga/carry-out-undos.ts'
import { Journal } from '../../src/saga/journal.ts'
import { type JournalEvent, openUndos, type UndoRecord } from '../../src/saga/journal-event.ts'
import { readJournal } from '../../src/saga/read-journal.ts'
import { Saga } from '../../src/saga/saga.ts'
import { silentLog } from '../silent-log.ts'

const PATH = '/state/runs/one.jsonl'

function undo(action: string, urgent = false, extra: Partial<UndoRecord> = {}): UndoRecord {
  return { action, args: { of: action }, urgent, timeoutMs: 10_000, ...extra }
}

async function begin(actions: Record<string, UndoAction>, system = virtualSystem()) {
  await system.files.makeFolder('/state/runs')
  const journal = await Journal.create(system.files, PATH)
  const owner = await system.processes.self()
  const begun: JournalEvent = {
    event: 'run-begun',
    version: 1,
    run: 'one',
    at: '',
    procedure: 'test',
    vm: 'db1',
    owner,
  }
  await journal.write([begun], { durable: true })
  const saga = new Saga({ clock: system.clock, log: silentLog, journal, actions }, [begun])
  return { system, saga, journal }
}

test('undo goes urgent first, then the latest step first', async () => {
  const done: string[] = []
  const act =
    (name: string): UndoAction =>
    async () =>
      void done.push(name)
  const { saga } = await begin({ unlock: act('unlock'), start: act('start'), remove: act('remove') })
  await saga.step({ step: 'lock', undo: undo('unlock') }, async () => {})
  await saga.step({ step: 'stop', undo: undo('start', true) }, async () => {})
  await saga.step({ step: 'snapshot', undo: undo('remove') }, async () => {})
  assert.deepEqual(await saga.undo(), { failures: [], notes: [] })
  assert.deepEqual(done, ['start', 'remove', 'unlock'])
})

test('an intent counts for undo even when its act never answered', async () => {
  const done: string[] = []
  const { saga } = await begin({ start: async () => void done.push('start') })
  await assert.rejects(
    saga.step({ step: 'stop', undo: undo('start', true) }, async () => {
      throw new StillshotError('guest-unreachable', 'the answer was lost')
    }),
    { code: 'guest-unreachable' },
  )
  await saga.undo()
  assert.deepEqual(done, ['start'])
})

test('an undo that fails or hangs does not stop the others, and the run stays open', async () => {
  const done: string[] = []
  const { saga, system } = await begin({
    hang: () => new Promise(() => {}),
    fail: async () => {
      throw new StillshotError('hypervisor-refused', 'no')
    },
    last: async () => void done.push('last'),
  })
  await saga.step({ step: 'a', undo: undo('last') }, async () => {})
  await saga.step({ step: 'b', undo: undo('hang') }, async () => {})
  await saga.step({ step: 'c', undo: undo('fail') }, async () => {})
  const { failures } = await saga.undo()
  assert.deepEqual(
    failures.map(({ action }) => action),
    ['fail', 'hang'],
  )
  assert.deepEqual(done, ['last'])
  const events = await readJournal(system.files, PATH)
  assert.deepEqual(
    openUndos(events).map(({ step }) => step),
    ['c', 'b'],
  )
})

test('what may only follow an urgent undo is left open when that failed', async () => {
  const done: string[] = []
  const { saga, system } = await begin({
    start: async () => {
      throw new StillshotError('guest-unreachable', 'gone')
    },
    unlock: async () => void done.push('unlock'),
  })
  await saga.step({ step: 'lock', undo: undo('unlock', false, { onlyAfterAll: true }) }, async () => {})
  await saga.step({ step: 'stop', undo: undo('start', true) }, async () => {})
  await saga.undo()
  assert.deepEqual(done, [])
  assert.deepEqual(
    openUndos(await readJournal(system.files, PATH)).map(({ step }) => step),
    ['stop', 'lock'],
  )
})

test('an undo that cannot be journalled is carried out all the same', async () => {
  const done: string[] = []
  const { saga, system } = await begin({ start: async () => void done.push('start') })
  await saga.step({ step: 'stop', undo: undo('start', true) }, async () => {})
  system.files.setFault((operation) => {
    if (operation === 'append') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  })
  await saga.undo()
  assert.deepEqual(done, ['start'])
})

test('a step whose intent cannot be written is not carried out', async () => {
  const { saga, system } = await begin({})
  system.files.setFault((operation) => {
    if (operation === 'sync') throw Object.assign(new Error('EIO'), { code: 'EIO' })
  })
  let acted = false
  const step = saga.step({ step: 'stop', undo: undo('start', true) }, async () => {
    acted = true
  })
  await assert.rejects(step, { code: 'state-unwritable' })
  assert.equal(acted, false)
})

test('an act that was not written down is a defect', async () => {
  const { saga } = await begin({})
  await assert.rejects(
    saga.act('stop', async () => {}),
    { code: 'defect' },
  )
})

test('replacing and settling take an undo off the list', () => {
  const at = ''
  const events: JournalEvent[] = [
    { event: 'intent', at, step: 'create', undo: undo('remove') },
    { event: 'done', at, step: 'create' },
    { event: 'intent', at, step: 'label', undo: undo('label'), replaces: ['create'] },
  ]
  assert.deepEqual(
    openUndos(events).map(({ step }) => step),
    ['label'],
  )
  assert.deepEqual(openUndos([...events, { event: 'done', at, step: 'label', settles: ['label'] }]), [])
})

test('power cut before or after every journal line: whatever was acted is known to recover', async () => {
  const acts = ['a', 'b', 'c']
  for (let cut = 0; cut < 40; cut += 1) {
    const system = virtualSystem()
    let operations = 0
    const world = { changed: new Set<string>() }
    const act = (name: string) => async () => void world.changed.add(name)
    const dead = new Promise<void>((resolve) => {
      system.files.setFault((operation) => {
        if (operation !== 'append' && operation !== 'sync') return undefined
        operations += 1
        if (operations < cut) return undefined
        resolve()
        return new Promise(() => {})
      })
    })
    const forward = (async () => {
      const { saga } = await begin({}, system)
      for (const name of acts) await saga.step({ step: name, undo: undo(`un-${name}`) }, act(name))
      await saga.end('done')
    })()
    await Promise.race([dead, forward])
    const after = system.files.afterPowerCut((unsynced) => unsynced.slice(0, 7))
    await undoAfterwards(after, world.changed, cut)
    const ended = (await readJournal(after, PATH).catch(() => [])).some(({ event }) => event === 'run-ended')
    if (!ended) assert.deepEqual([...world.changed], [], `cut at operation ${cut}`)
  }
})

async function undoAfterwards(files: ReturnType<typeof virtualSystem>['files'], changed: Set<string>, cut: number) {
  const { clock } = virtualSystem()
  const events = await readJournal(files, PATH).catch(() => [])
  if (events.some(({ event }) => event === 'run-ended')) return
  if (events.length === 0) return assert.equal(changed.size, 0, `acted without a journal, cut at operation ${cut}`)
  const actions = Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [`un-${name}`, async () => void changed.delete(name)]),
  )
  const journal = await Journal.reopen(files, PATH)
  await carryOutUndos({ clock, log: silentLog, journal, actions }, openUndos(events))
}

test('a torn line is left out, and what follows it on a fresh line is read', async () => {
  const { system, journal } = await begin({})
  let failing = true
  system.files.setFault((operation) => {
    if (operation === 'append' && failing) throw new Error('ENOSPC')
  })
  await assert.rejects(journal.write([{ event: 'undone', at: '', step: 'a' }], { durable: false }))
  failing = false
  await journal.write([{ event: 'undone', at: '', step: 'b' }], { durable: true })
  system.files.put('/torn.jsonl', `${await system.files.readText(PATH)}{"event":"done","st`)
  const events = await readJournal(system.files, '/torn.jsonl')
  assert.deepEqual(
    events.map(({ event }) => event),
    ['run-begun', 'undone'],
  )
})

test('a journal that a crash tore is gone on with on a fresh line', async () => {
  const { system, journal } = await begin({})
  await journal.close()
  system.files.put('/torn.jsonl', `${await system.files.readText(PATH)}{"event":"done","st`)
  const reopened = await Journal.reopen(system.files, '/torn.jsonl')
  await reopened.write([{ event: 'run-ended', at: '', outcome: 'recovered' }], { durable: true })
  const events = await readJournal(system.files, '/torn.jsonl')
  assert.deepEqual(
    events.map(({ event }) => event),
    ['run-begun', 'run-ended'],
  )
})

test('a journal that is gone on with is on the disk, whatever its writer had still to sync', async () => {
  const { system, journal } = await begin({})
  await journal.write([{ event: 'undone', at: '', step: 'late' }], { durable: false })
  assert.doesNotMatch(system.files.synced(PATH), /late/)
  await Journal.reopen(system.files, PATH)
  assert.match(system.files.synced(PATH), /late/)
})

test('a journal of a newer version is refused by name', async () => {
  const { files } = virtualSystem()
  files.put('/new.jsonl', '{"event":"run-begun","version":2}\n')
  await assert.rejects(readJournal(files, '/new.jsonl'), { code: 'version-newer' })
})
