// runs beside other labs
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { aRun } from '../../../conformance/catalog-records.ts'
import { makeSqlitePlace } from './place.ts'

test('of several processes that want one lock at once, exactly one gets it', { timeout: 30_000 }, async () => {
  const place = await makeSqlitePlace()
  const contenders = ['h1', 'h2', 'h3', 'h4'].map((holdId) => startContender('lock', place.path, holdId))
  for (const { nextLine } of contenders) assert.equal(await nextLine(), 'ready')
  for (const { child } of contenders) child.stdin.write('go\n')
  const outcomes = await Promise.all(contenders.map(({ nextLine }) => nextLine()))
  await Promise.all(contenders.map(({ ended }) => ended))
  assert.deepEqual(outcomes.sort(), ['run-under-way', 'run-under-way', 'run-under-way', 'won'])
  const catalog = await place.open()
  assert.equal((await catalog.locks()).length, 1)
  await catalog.close()
  await place.remove()
})

test('after kill -9 of a writer, everything that it was told is saved is there', { timeout: 30_000 }, async () => {
  const place = await makeSqlitePlace()
  const writer = startContender('write', place.path)
  let saved = 0
  while (saved < 20) saved = Number(await writer.nextLine())
  writer.child.kill('SIGKILL')
  await writer.ended
  const catalog = await place.open()
  const runs = await catalog.runs()
  assert.ok(runs.length >= saved, `${runs.length} of at least ${saved}`)
  await catalog.saveRun(aRun({ id: 'after' }))
  await catalog.close()
  await place.remove()
})

test('after kill -9 inside a transaction, nothing of it is there and the next write goes through', {
  timeout: 30_000,
}, async () => {
  const place = await makeSqlitePlace()
  const catalog = await place.open()
  await catalog.saveRun(aRun({ id: 'before' }))
  const halted = startContender('halt', place.path)
  assert.equal(await halted.nextLine(), 'inside')
  halted.child.kill('SIGKILL')
  await halted.ended
  await catalog.saveRun(aRun({ id: 'later', startedAt: '2026-12-01T00:00:00.000Z' }))
  assert.deepEqual(
    (await catalog.runs()).map(({ id }) => id),
    ['later', 'before'],
  )
  await catalog.close()
  await place.remove()
})

function startContender(...args: string[]) {
  const program = new URL('contender.ts', import.meta.url).pathname
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => (await lines.next()).value as string | undefined
  return { child, nextLine, ended: once(child, 'close') }
}
