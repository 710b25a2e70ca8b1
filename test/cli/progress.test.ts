import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import { progressDisplay } from '../../src/cli/progress.ts'
import type { ProgressEvent } from '../../src/coordinator/ports.ts'

const vm = 'db1'
const EVENTS: readonly ProgressEvent[] = [
  { vm, phase: 'preflight', state: 'begun' },
  { vm, phase: 'preflight', state: 'done', elapsedMs: 340 },
  { vm, phase: 'hold', state: 'begun' },
  { vm, phase: 'hold', state: 'failed', elapsedMs: 1200, detail: 'the unit did not stop' },
]

function display(options: { interactive: boolean; quiet?: boolean; columns?: number }) {
  const clock = new VirtualClock()
  const written: string[] = []
  const terminal = { out() {}, err: (text: string) => void written.push(text), columns: 80, ...options }
  return { clock, written, progress: progressDisplay(terminal, clock, { quiet: options.quiet ?? false }) }
}

test('elsewhere than on a terminal, plain lines tell what ended and when the outage began', async () => {
  const { written, progress, clock } = display({ interactive: false })
  for (const event of EVENTS) progress.phase(event)
  await progress.close()
  assert.deepEqual(written, [
    'db1: preflight: done (340 ms)\n',
    'db1: hold: begun\n',
    'db1: hold: failed (1.2 s): the unit did not stop\n',
  ])
  assert.equal(clock.pending, 0)
})

test('quiet prints nothing', async () => {
  const { written, progress } = display({ interactive: true, quiet: true })
  for (const event of EVENTS) progress.phase(event)
  await progress.close()
  assert.deepEqual(written, [])
})

test('on a terminal the last line ticks and shows the outage so far from the hold to the come-back', async () => {
  const { written, progress, clock } = display({ interactive: true })
  progress.phase({ vm, phase: 'preflight', state: 'begun' })
  await clock.advance(1500)
  assert.match(written.at(-1) ?? '', /… db1: preflight 1\.5 s$/)
  progress.phase({ vm, phase: 'hold', state: 'begun' })
  await clock.advance(1000)
  progress.phase({ vm, phase: 'hold', state: 'done', elapsedMs: 1000 })
  assert.match(written.at(-1) ?? '', /✓ db1: hold: done \(1\.0 s\)\n$/)
  progress.phase({ vm, phase: 'snapshot', state: 'begun' })
  await clock.advance(2000)
  assert.match(written.at(-1) ?? '', /db1: snapshot 2\.0 s, outage so far 3\.0 s$/)
  progress.phase({ vm, phase: 'come-back', state: 'done' })
  progress.phase({ vm, phase: 'after', state: 'begun' })
  assert.doesNotMatch(written.at(-1) ?? '', /outage/)
  await progress.close()
  await progress.close()
  assert.equal(clock.pending, 0)
})

test('a live line is never wider than the terminal', async () => {
  const { written, progress } = display({ interactive: true, columns: 20 })
  progress.phase({ vm: 'a-rather-long-name-of-a-vm', phase: 'preflight', state: 'begun' })
  assert.ok((written.at(-1) ?? '').replace('\r\u001b[K', '').length < 20)
  await progress.close()
})
