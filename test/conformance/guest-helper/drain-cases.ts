import assert from 'node:assert/strict'
import { ask, type GuestHelperSuite, guestHelperCase, HOLD, hold, OTHER_HOLD, refusalOf } from './under-test.ts'

/** Settings lowered and put back. */
export function drainCases(suite: GuestHelperSuite): void {
  puttingBackCases(suite)
  meetingCases(suite)
  raceCases(suite)
}

function puttingBackCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'undrain puts back what drain found, however often either is asked', async (guest) => {
    const { changed, dirtyBefore, dirtyAfter } = await ask(guest, 'drain', 'mysql', HOLD, '60')
    assert.notDeepEqual(changed, {})
    assert.ok(dirtyBefore !== null && dirtyAfter !== null)
    assert.equal(await guest.lowered(), true)
    assert.deepEqual((await ask(guest, 'drain', 'mysql', HOLD, '60')).changed, changed)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, changed)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, {})
  })

  guestHelperCase(suite, 'a drain puts back first what another has lowered', async (guest) => {
    const { changed } = await ask(guest, 'drain', 'mysql', HOLD, '60')
    assert.deepEqual((await ask(guest, 'drain', 'mysql', OTHER_HOLD, '60')).changed, changed)
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, {})
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', OTHER_HOLD)).restored, changed)
    assert.equal(await guest.lowered(), false)
  })

  guestHelperCase(
    suite,
    'the guest puts the settings back by itself fifteen seconds after the drain’s time',
    async (guest) => {
      const { uptimeMs, waitedMs } = await ask(guest, 'drain', 'mysql', HOLD, '1')
      const until = uptimeMs - waitedMs + 20_000
      for (let now = uptimeMs; now < until; now = (await ask(guest, 'status')).uptimeMs) await guest.pass(until - now)
      assert.equal(await guest.lowered(), false)
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

/** A drain whose answer was lost goes on while its own undrain comes, or comes after it. */
function raceCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'an undrain in the middle of its drain waits, and leaves nothing lowered', async (guest) => {
    await guest.slowSettings(1_000)
    const draining = refusalOf(guest, 'drain', 'mysql', HOLD, '60')
    await guest.drainLowers()
    const { restored } = await ask(guest, 'undrain', 'mysql', HOLD)
    assert.equal(await draining, 'released-before')
    assert.deepEqual([await guest.lowered(), typeof restored], [false, 'object'])
  })

  guestHelperCase(suite, 'a drain that comes after its undrain is refused and lowers nothing', async (guest) => {
    assert.deepEqual((await ask(guest, 'undrain', 'mysql', HOLD)).restored, {})
    assert.equal(await refusalOf(guest, 'drain', 'mysql', HOLD, '60'), 'released-before')
    assert.equal(await guest.lowered(), false)
    await ask(guest, 'drain', 'mysql', OTHER_HOLD, '1')
  })

  guestHelperCase(suite, 'a drain that comes after its hold is refused and lowers nothing', async (guest) => {
    await hold(guest, HOLD)
    await ask(guest, 'release', HOLD)
    assert.equal(await refusalOf(guest, 'drain', 'mysql', HOLD, '60'), 'released-before')
    assert.equal(await guest.lowered(), false)
  })
}
