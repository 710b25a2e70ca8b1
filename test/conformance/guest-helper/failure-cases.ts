import assert from 'node:assert/strict'
import {
  ask,
  eventually,
  fenceOf,
  type GuestHelperSuite,
  guestHelperCase,
  HOLD,
  hold,
  holdRefusal,
  OTHER_HOLD,
  SERVER,
  stateOf,
  unitsOf,
  WEB,
} from './under-test.ts'

/** What a hold leaves that cannot be, and a release that cannot start everything. */
export function failureCases(suite: GuestHelperSuite): void {
  refusalCases(suite)
  stopTimeoutCases(suite)
  startFailedCases(suite)
}

function refusalCases(suite: GuestHelperSuite): void {
  guestHelperCase(
    suite,
    'a time to live that leaves too little is refused with nothing stopped or noted',
    async (guest) => {
      assert.equal(await holdRefusal(guest, HOLD, ['12000', '10000']), 'ttl-too-short')
      assert.deepEqual(await unitsOf(guest), { [WEB]: 'active', [SERVER]: 'active' })
      assert.deepEqual((await ask(guest, 'status')).holds, [])
      await hold(guest, HOLD)
      assert.equal(await guest.serverRuns(), false)
    },
  )

  guestHelperCase(suite, 'a server on its way is refused with nothing stopped or noted', async (guest) => {
    await guest.hangStops(14_000)
    const stopping = guest.stopServer()
    await eventually(guest, async () => (await unitsOf(guest))[SERVER] === 'deactivating')
    assert.equal(await holdRefusal(guest, HOLD), 'unit-busy')
    assert.equal((await unitsOf(guest))[WEB], 'active')
    assert.deepEqual((await ask(guest, 'status')).holds, [])
    await stopping
  })

  guestHelperCase(suite, 'a sync that fails is told, and the hold held all the same', async (guest) => {
    await guest.failSync()
    const held = await hold(guest, HOLD)
    assert.deepEqual([held.synced, held.syncedUptimeMs], [false, null])
    assert.equal(await stateOf(guest, HOLD), 'held')
  })
}

function stopTimeoutCases(suite: GuestHelperSuite): void {
  guestHelperCase(
    suite,
    'a server that does not stop in time is not killed, and runs again once it has stopped',
    async (guest) => {
      await guest.hangStops(14_000)
      assert.equal(await holdRefusal(guest, HOLD), 'stop-timeout')
      assert.deepEqual(await unitsOf(guest), { [WEB]: 'active', [SERVER]: 'deactivating' })
      await eventually(guest, () => guest.serverRuns())
      assert.equal(await stateOf(guest, HOLD), 'stopping')
      assert.equal(await holdRefusal(guest, OTHER_HOLD), 'guest-locked')
      assert.equal(await holdRefusal(guest, HOLD), 'stop-timeout')
      const { watchdog, components } = await fenceOf(guest, HOLD)
      assert.deepEqual([watchdog, components[SERVER]], ['armed', 'active'])
      assert.equal(await stateOf(guest, HOLD), 'released')
      assert.equal(await guest.serverRuns(), true)
    },
  )

  guestHelperCase(suite, 'a release of a server that still stops waits, and ends when it runs again', async (guest) => {
    await guest.hangStops(14_000)
    assert.equal(await holdRefusal(guest, HOLD), 'stop-timeout')
    const { components } = await fenceOf(guest, HOLD)
    assert.deepEqual(components, { [WEB]: 'active', [SERVER]: 'deactivating' })
    assert.equal(await guest.serverRuns(), true)
    assert.equal(await holdRefusal(guest, HOLD), 'released-before')
  })
}

function startFailedCases(suite: GuestHelperSuite): void {
  guestHelperCase(
    suite,
    'a release that cannot start the server says so with a whole fence, and tries again when asked',
    async (guest) => {
      await hold(guest, HOLD)
      await guest.failStarts(true)
      const failed = await ask(guest, 'release', HOLD)
      assert.deepEqual([failed.ok, failed.error?.code, failed.known], [false, 'start-failed', true])
      assert.deepEqual([failed.readyUptimeMs, failed.watchdogDisarmed, failed.fence?.watchdog], [null, false, 'armed'])
      assert.equal(failed.fence?.components[SERVER], 'inactive')
      assert.deepEqual(
        failed.components.map(({ activeState }) => activeState),
        ['active', 'failed'],
      )
      assert.equal(await stateOf(guest, HOLD), 'releasing')
      assert.equal(await holdRefusal(guest, HOLD), 'released-before')
      assert.equal(await holdRefusal(guest, OTHER_HOLD), 'guest-locked')
      await guest.failStarts(false)
      const released = await ask(guest, 'release', HOLD)
      assert.deepEqual([released.ok, released.fence?.components[SERVER]], [true, 'failed'])
      assert.equal(await guest.serverRuns(), true)
    },
  )
}
