import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Clock, DeadlineExceeded } from '../../src/system/clock.ts'

/** What every implementation of the port Clock keeps to. Waits are of a few milliseconds. */
export function testClock(options: { name: string; open: () => Clock }): void {
  describe(`Clock, ${options.name}`, () => {
    test('sleep() resolves after its time, never before', async () => {
      const clock = options.open()
      const before = clock.monotonic()
      await clock.sleep(5)
      assert.ok(clock.monotonic() - before >= 4, 'Node rounds its timers to whole milliseconds')
    })

    test('sleep() rejects with the reason of a signal that aborts', async () => {
      const controller = new AbortController()
      const sleeping = options.open().sleep(60_000, controller.signal)
      const reason = new Error('stop')
      controller.abort(reason)
      await assert.rejects(sleeping, reason)
    })

    test('sleep() with an aborted signal rejects at once', async () => {
      const reason = new Error('stop')
      await assert.rejects(options.open().sleep(60_000, AbortSignal.abort(reason)), reason)
    })

    test('deadline() aborts with DeadlineExceeded when its time is over', async () => {
      const clock = options.open()
      using deadline = clock.deadline(2)
      await assert.rejects(clock.sleep(60_000, deadline.signal), (error: unknown) => {
        assert.ok(error instanceof DeadlineExceeded)
        assert.equal(error.afterMs, 2)
        return true
      })
    })

    test('deadline() aborts with the reason of the signal that it was given', () => {
      const controller = new AbortController()
      using deadline = options.open().deadline(60_000, controller.signal)
      const reason = new Error('stop')
      controller.abort(reason)
      assert.equal(deadline.signal.reason, reason)
    })

    test('deadline() of an aborted signal is aborted from the start', () => {
      const reason = new Error('stop')
      using deadline = options.open().deadline(60_000, AbortSignal.abort(reason))
      assert.equal(deadline.signal.reason, reason)
    })

    test('a disposed deadline does not abort any more', async () => {
      const clock = options.open()
      const controller = new AbortController()
      const deadline = clock.deadline(1, controller.signal)
      deadline[Symbol.dispose]()
      controller.abort()
      await clock.sleep(5)
      assert.equal(deadline.signal.aborted, false)
    })
  })
}
