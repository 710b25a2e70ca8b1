import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Lane, laneOf, runInLanes } from './lanes.ts'

interface Named {
  readonly name: string
  readonly lane: Lane
}

/** Names of those that run, whenever one begins; `finish` ends the one that is named. */
function watched(...suites: readonly Named[]) {
  const [running, begun, ends] = [new Set<string>(), [] as string[], new Map<string, () => void>()]
  let over = false
  const done = runInLanes(
    suites,
    async ({ name }) => {
      running.add(name)
      begun.push([...running].join('+'))
      await new Promise<void>((resolve) => ends.set(name, resolve))
      running.delete(name)
    },
    () => over,
  )
  const finish = async (name: string) => {
    ends.get(name)?.()
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
  }
  return { begun, done, finish, interrupt: () => (over = true) }
}

const named = (lane: Lane, ...names: readonly string[]): readonly Named[] => names.map((name) => ({ name, lane }))

test('one machine runs beside one native suite; afterwards native ones take both places, and what runs alone comes last', async () => {
  const { begun, done, finish } = watched(
    ...named('alone', 'quiet'),
    ...named('machine', 'm1', 'm2'),
    ...named('native', 'n1', 'n2', 'n3', 'n4'),
  )
  for (const name of ['n1', 'm1', 'm2', 'n2', 'n3', 'n4', 'quiet']) await finish(name)
  await done
  assert.deepEqual(begun, ['m1', 'm1+n1', 'm1+n2', 'n2+m2', 'n2+n3', 'n3+n4', 'quiet'])
})

test('after an interrupt none is begun', async () => {
  const { begun, done, finish, interrupt } = watched(...named('machine', 'm1', 'm2'), ...named('alone', 'quiet'))
  interrupt()
  await finish('m1')
  await done
  assert.deepEqual(begun, ['m1'])
})

test('a lab has a virtual machine unless a line of its own says otherwise', () => {
  assert.equal(laneOf('// time limit: 3 s\nimport x'), 'machine')
  assert.equal(laneOf('// runs beside other labs\n'), 'native')
  assert.equal(laneOf('// a\n// runs natively\n'), 'native')
  assert.equal(laneOf('// runs alone\n'), 'alone')
  assert.equal(laneOf('const text = "// runs alone"'), 'machine')
})
