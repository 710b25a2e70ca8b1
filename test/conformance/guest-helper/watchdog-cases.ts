import assert from 'node:assert/strict'
import {
  ask,
  eventually,
  fenceOf,
  type GuestHelperSuite,
  type GuestHelperUnderTest,
  guestHelperCase,
  HOLD,
  hold,
  holdRefusal,
  OTHER_HOLD,
  SERVER,
  SHORT,
  stateOf,
  unitsOf,
  WEB,
} from './under-test.ts'

/** What starts again when nobody comes. */
export function watchdogCases(suite: GuestHelperSuite): void {
  expiryCases(suite)
  meetingCases(suite)
}

async function expire(guest: GuestHelperUnderTest, id: string): Promise<void> {
  await eventually(guest, async () => (await stateOf(guest, id)) === 'expired')
}

function expiryCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'the watchdog starts everything at its time, and not before', async (guest) => {
    const { firesUptimeMs } = await hold(guest, HOLD, SHORT)
    await expire(guest, HOLD)
    assert.deepEqual(await unitsOf(guest), { [WEB]: 'active', [SERVER]: 'active' })
    assert.equal(await holdRefusal(guest, HOLD), 'released-before')
    const released = await ask(guest, 'release', HOLD)
    assert.deepEqual([released.ok, released.startRequestedUptimeMs], [true, null])
    const { watchdog, expiredUptimeMs, components } = await fenceOf(guest, HOLD)
    assert.deepEqual([watchdog, components], ['fired', { [WEB]: 'active', [SERVER]: 'active' }])
    assert.ok(Number(expiredUptimeMs) >= firesUptimeMs - 100, `${expiredUptimeMs} is before ${firesUptimeMs}`)
    assert.equal(await stateOf(guest, HOLD), 'released')
  })

  guestHelperCase(suite, 'a release of a hold that its watchdog ended starts nothing', async (guest) => {
    await hold(guest, HOLD, SHORT)
    await expire(guest, HOLD)
    await hold(guest, OTHER_HOLD)
    const { watchdog, components } = await fenceOf(guest, HOLD)
    assert.deepEqual([watchdog, components[SERVER]], ['fired', 'inactive'])
    await guest.startServer()
    assert.equal(await guest.serverRuns(), false)
    await ask(guest, 'release', OTHER_HOLD)
    assert.equal(await guest.serverRuns(), true)
  })

  guestHelperCase(suite, 'the watchdog of a hold that was released does nothing to a later one', async (guest) => {
    const { firesUptimeMs } = await hold(guest, HOLD, SHORT)
    await ask(guest, 'release', HOLD)
    await hold(guest, OTHER_HOLD)
    await eventually(guest, async () => (await ask(guest, 'status')).uptimeMs > firesUptimeMs + 1_000)
    assert.equal(await guest.serverRuns(), false)
    assert.equal(await stateOf(guest, HOLD), 'released')
  })

  guestHelperCase(
    suite,
    'the watchdog starts only what ran',
    async (guest) => {
      await hold(guest, HOLD, SHORT)
      await expire(guest, HOLD)
      assert.deepEqual(await unitsOf(guest), { [WEB]: 'active', [SERVER]: 'inactive' })
    },
    { serverRuns: false },
  )
}

function meetingCases(suite: GuestHelperSuite): void {
  guestHelperCase(
    suite,
    'a watchdog that cannot start everything keeps others out and lets a release in',
    async (guest) => {
      await hold(guest, HOLD, SHORT)
      await guest.failStarts(true)
      await eventually(guest, async () => (await stateOf(guest, HOLD)) === 'releasing')
      assert.equal(await holdRefusal(guest, OTHER_HOLD), 'guest-locked')
      assert.equal(await holdRefusal(guest, HOLD), 'released-before')
      const failed = await ask(guest, 'release', HOLD)
      assert.deepEqual([failed.error?.code, failed.fence?.watchdog], ['start-failed', 'fired'])
      await guest.failStarts(false)
      const { watchdog } = await fenceOf(guest, HOLD)
      assert.equal(watchdog, 'fired')
      assert.equal(await guest.serverRuns(), true)
      assert.equal(await stateOf(guest, HOLD), 'released')
    },
  )

  guestHelperCase(suite, 'the watchdog goes on where a release could not start the server', async (guest) => {
    await hold(guest, HOLD, SHORT)
    await guest.failStarts(true)
    assert.equal((await ask(guest, 'release', HOLD)).error?.code, 'start-failed')
    await guest.failStarts(false)
    await expire(guest, HOLD)
    assert.equal(await guest.serverRuns(), true)
    const { watchdog } = await fenceOf(guest, HOLD)
    assert.equal(watchdog, 'fired')
  })

  guestHelperCase(
    suite,
    'a release that still waits for the server when the watchdog fires says that it fired',
    async (guest) => {
      await guest.hangStops(28_000)
      assert.equal(await holdRefusal(guest, HOLD, SHORT), 'stop-timeout')
      const { watchdog, expiredUptimeMs, takenUptimeMs, components } = await fenceOf(guest, HOLD)
      assert.deepEqual([watchdog, components[SERVER]], ['fired', 'deactivating'])
      assert.ok(Number(expiredUptimeMs) > takenUptimeMs)
      assert.equal(await guest.serverRuns(), true)
      // The watchdog ends, too; but it was the release that ended the hold.
      const { uptimeMs } = await ask(guest, 'status')
      await eventually(guest, async () => (await ask(guest, 'status')).uptimeMs > uptimeMs + 3_000)
      assert.equal(await stateOf(guest, HOLD), 'released')
    },
  )

  guestHelperCase(
    suite,
    'a hold whose stop outlived it is over once the watchdog has seen everything run',
    async (guest) => {
      await guest.hangStops(9_000)
      assert.equal(await holdRefusal(guest, HOLD, SHORT), 'stop-timeout')
      await expire(guest, HOLD)
      assert.equal(await guest.serverRuns(), true)
      assert.equal(await holdRefusal(guest, HOLD), 'released-before')
      await hold(guest, OTHER_HOLD)
    },
  )
}
