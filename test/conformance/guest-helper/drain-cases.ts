import assert from 'node:assert/strict'
import { ask, type GuestHelperSuite, guestHelperCase, HOLD, hold, OTHER_HOLD, refusalOf } from './under-test.ts'

/** Settings lowered and put back. */
export function drainCases(suite: GuestHelperSuite): void {
  puttingBackCases(suite)
  meetingCases(suite)
}

function puttingBackCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'undrain puts back what drain found, however often either is asked', async (guest) => {
    const { changed, dirtyBefore, dirtyAfter } = await ask(guest, 'drain', 'mysql', HOLD, '60')
    assert.notDeepEqual(changed, {})
    assert.ok(dirtyBefore !== null && dirtyAfter !== null)
    assert.deepEqual((await ask(guest, 'drain', 'mysql', HOLD, '60')).changed, changed)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, changed)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, {})
  })

  guestHelperCase(suite, 'a drain puts back first what another has lowered', async (guest) => {
    const { changed } = await ask(guest, 'drain', 'mysql', HOLD, '60')
    assert.deepEqual((await ask(guest, 'drain', 'mysql', OTHER_HOLD, '60')).changed, changed)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, {})
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', OTHER_HOLD)).restored, changed)
  })

  guestHelperCase(
    suite,
    'the guest puts the settings back by itself fifteen seconds after the drain’s time',
    async (guest) => {
      const { uptimeMs, waitedMs } = await ask(guest, 'drain', 'mysql', HOLD, '1')
      const until = uptimeMs - waitedMs + 20_000
      for (let now = uptimeMs; now < until; now = (await ask(guest, 'status')).uptimeMs) await guest.pass(until - now)
      assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, {})
    },
  )
}

function meetingCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'a server that stands still can be neither drained nor undrained', async (guest) => {
    const { changed } = await ask(guest, 'drain', 'mysql', HOLD, '60')
    await hold(guest, HOLD)
    assert.equal(await refusalOf(guest, 'drain', 'mysql', HOLD, '60'), 'login-failed')
    assert.equal(await refusalOf(guest, 'undrain', 'mysql', HOLD), 'undrain-failed')
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', OTHER_HOLD)).restored, {})
    await ask(guest, 'release', HOLD)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, changed)
  })

  guestHelperCase(suite, 'a release waits while a drain is at work', async (guest) => {
    const draining = ask(guest, 'drain', 'mysql', HOLD, '60')
    await guest.drainWaits()
    const { uptimeMs } = await ask(guest, 'release', OTHER_HOLD)
    assert.ok(uptimeMs >= (await draining).uptimeMs)
  })
}
