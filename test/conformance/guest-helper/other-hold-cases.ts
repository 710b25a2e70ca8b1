import assert from 'node:assert/strict'
import {
  ask,
  eventually,
  type GuestHelperSuite,
  guestHelperCase,
  HOLD,
  hold,
  holdRefusal,
  OTHER_HOLD,
  SERVER,
  stateOf,
} from './under-test.ts'

/** A hold beside another, and verbs that meet. */
export function otherHoldCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'another hold is refused while one is open, and let in afterwards', async (guest) => {
    await hold(guest, HOLD)
    assert.equal(await holdRefusal(guest, OTHER_HOLD), 'guest-locked')
    assert.equal(await stateOf(guest, OTHER_HOLD), undefined)
    await ask(guest, 'release', HOLD)
    await hold(guest, OTHER_HOLD)
    assert.equal(await guest.serverRuns(), false)
  })

  guestHelperCase(suite, 'a release of a hold that never came leaves the open one alone', async (guest) => {
    await hold(guest, HOLD)
    assert.equal((await ask(guest, 'release', OTHER_HOLD)).known, false)
    assert.equal(await guest.serverRuns(), false)
    assert.equal(await stateOf(guest, HOLD), 'held')
  })

  guestHelperCase(suite, 'a release of an earlier hold answers again and leaves the open one alone', async (guest) => {
    await hold(guest, HOLD)
    const released = await ask(guest, 'release', HOLD)
    await hold(guest, OTHER_HOLD)
    assert.deepEqual(await ask(guest, 'release', HOLD), released)
    assert.equal(await guest.serverRuns(), false)
  })

  guestHelperCase(
    suite,
    'a server that an earlier hold stopped stays blocked in a later one that found it stopped',
    async (guest) => {
      await hold(guest, HOLD)
      await ask(guest, 'release', HOLD)
      await guest.stopServer()
      await hold(guest, OTHER_HOLD)
      await guest.startServer()
      assert.equal(await guest.serverRuns(), false)
      await ask(guest, 'release', OTHER_HOLD)
      await guest.startServer()
      assert.equal(await guest.serverRuns(), true)
    },
  )

  guestHelperCase(
    suite,
    'a release that comes while its hold still stops waits for it, then starts everything',
    async (guest) => {
      await guest.hangStops(2_000)
      const holding = hold(guest, HOLD)
      await eventually(guest, async () => (await stateOf(guest, HOLD)) !== undefined)
      const released = await ask(guest, 'release', HOLD)
      const { uptimeMs } = await holding
      assert.ok(Number(released.fence?.takenUptimeMs) >= uptimeMs)
      assert.equal(released.fence?.components[SERVER], 'inactive')
      assert.equal(await guest.serverRuns(), true)
      assert.equal(await stateOf(guest, HOLD), 'released')
    },
  )
}
