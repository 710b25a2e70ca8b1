import assert from 'node:assert/strict'
import { readAnswer } from '../../../src/guest/protocol/validate.ts'
import {
  ask,
  type GuestHelperSuite,
  type GuestHelperUnderTest,
  guestHelperCase,
  HOLD,
  hold,
  stateOf,
} from './under-test.ts'

/** A release that is begun before it is wanted. */
export function waitingReleaseCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'a release that was begun before its hold releases when it is told to', async (guest) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const waiting = waitingRelease(guest, promise)
    await hold(guest, HOLD)
    await guest.pass(300)
    assert.equal(await guest.serverRuns(), false)
    assert.equal(await stateOf(guest, HOLD), 'held')
    resolve('release\n')
    const text = await waiting
    assert.ok(readAnswer('release', HOLD, text))
    assert.equal(await guest.serverRuns(), true)
    assert.equal(await stateOf(guest, HOLD), 'released')
    assert.deepEqual(await ask(guest, 'release', HOLD), readAnswer('release', HOLD, text))
  })

  for (const told of ['', 'releas', 'released\n', 'password=x\nrelease\n']) {
    guestHelperCase(suite, `one that is told ${JSON.stringify(told)} says and does nothing`, async (guest) => {
      await hold(guest, HOLD)
      assert.equal(await waitingRelease(guest, Promise.resolve(told)), '')
      assert.equal(await guest.serverRuns(), false)
      assert.equal(await stateOf(guest, HOLD), 'held')
      await ask(guest, 'release', HOLD)
      assert.equal(await guest.serverRuns(), true)
    })
  }

  guestHelperCase(suite, 'one that is told after another release answers what that one answered', async (guest) => {
    await hold(guest, HOLD)
    const released = await ask(guest, 'release', HOLD)
    const text = await waitingRelease(guest, Promise.resolve('release\n'))
    assert.deepEqual(readAnswer('release', HOLD, text), released)
  })
}

function waitingRelease(guest: GuestHelperUnderTest, told: Promise<string>): Promise<string> {
  return guest.run('release', [HOLD, 'when-told'], told)
}
