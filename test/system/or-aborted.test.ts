import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orAborted } from '../../src/system/or-aborted.ts'

test('work that was begun under a signal that is aborted already may fail without a word', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const { promise: work, reject } = Promise.withResolvers<never>()
    const reason = new Error('enough')
    await assert.rejects(orAborted(work, AbortSignal.abort(reason)), reason)
    reject(new Error('it failed, too'))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(unheard, [])
  } finally {
    process.off('unhandledRejection', hear)
  }
})

test('an abort ends the waiting, not the work; without one the work says how it ends', async () => {
  const { promise: work, resolve } = Promise.withResolvers<string>()
  const abort = new AbortController()
  const waiting = orAborted(work, abort.signal)
  const reason = new Error('enough')
  abort.abort(reason)
  await assert.rejects(waiting, reason)
  resolve('done')
  assert.equal(await orAborted(work, new AbortController().signal), 'done')
})
