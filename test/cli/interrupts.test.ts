import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { watchInterrupts } from '../../src/cli/interrupts.ts'
import { StillshotError } from '../../src/errors.ts'

test('the first signal aborts with `cancelled`, a second one only says that undo is under way', () => {
  const source = new EventEmitter()
  const said: string[] = []
  const interrupts = watchInterrupts(source, (text) => void said.push(text))
  source.emit('SIGTERM')
  assert.ok(interrupts.signal.reason instanceof StillshotError)
  assert.equal(interrupts.signal.reason.code, 'cancelled')
  assert.match(said[0] ?? '', /SIGTERM/)
  source.emit('SIGINT')
  assert.match(said[1] ?? '', /is being undone, please wait/)
  interrupts[Symbol.dispose]()
  assert.deepEqual(source.eventNames(), [])
})

test('a closed terminal aborts like SIGTERM, also when nobody can be told any more', () => {
  const source = new EventEmitter()
  const interrupts = watchInterrupts(source, () => {
    throw new Error('write EIO')
  })
  source.emit('SIGHUP')
  assert.ok(interrupts.signal.reason instanceof StillshotError)
  assert.equal(interrupts.signal.reason.message, 'cancelled by SIGHUP')
  source.emit('SIGHUP')
  interrupts[Symbol.dispose]()
  assert.deepEqual(source.eventNames(), [])
})
