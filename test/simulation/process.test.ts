import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SimulatedProcess } from './process.ts'

const identity = { host: 'one', bootId: 'boot-1', pid: 101, startTime: '101' }

function aProcess(onCall = () => {}): SimulatedProcess {
  return new SimulatedProcess(identity, { onEnd: () => {}, onCall })
}

class Port {
  readonly kind = 'counter'
  readonly #opened: string[] = []

  get count(): number {
    return this.#opened.length
  }

  now(): number {
    return 7
  }

  async open(name: string) {
    this.#opened.push(name)
    return { name, read: async () => `content of ${name}`, close: async () => {} }
  }
}

test('a process sees values and the time at once, and something may happen before and after each call', async () => {
  let moments = 0
  const port = aProcess(() => (moments += 1)).guard(new Port())
  assert.deepEqual([port.kind, port.count, port.now(), moments], ['counter', 0, 7, 0])
  const file = await port.open('a')
  assert.deepEqual([port.count, moments], [1, 2])
  assert.deepEqual([file.name, await file.read(), moments], ['a', 'content of a', 4])
})

test('what a dead process asks for goes on, and nobody answers it', async () => {
  const process = aProcess()
  const [inner, told] = [new Port(), [] as string[]]
  const port = process.guard(inner)
  process.dieAt({ call: 2, when: 'after' })
  const file = await port.open('a')
  port.open('b').then(() => told.push('b'))
  await turn()
  port.open('c').then(() => told.push('c'))
  file.read().then(() => told.push('read'))
  await turn()
  assert.deepEqual([told, inner.count, process.alive], [[], 2, false])
})

test('a world in which a process died is forgotten', async () => {
  const gc = exposeGc()
  const world = workThatDies()
  for (let turns = 0; world.deref() !== undefined; turns += 1) {
    assert.ok(turns < 100, 'it is still kept')
    await turn()
    gc()
  }
})

/** What a procedure had in hand that waits for the answer to a dead process. */
function workThatDies(): WeakRef<object> {
  const process = aProcess()
  const port = process.guard(new Port())
  const world = { port }
  const work = async () => {
    await port.open('a')
    return world
  }
  process.kill()
  work()
  return new WeakRef(world)
}

function exposeGc(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
