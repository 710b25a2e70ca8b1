import assert from 'node:assert/strict'
import {
  ask,
  type GuestHelperSuite,
  guestHelperCase,
  HOLD,
  hold,
  holdRefusal,
  SERVER,
  stateOf,
  unitsOf,
  WEB,
} from './under-test.ts'

const BOTH_ACTIVE = { [WEB]: 'active', [SERVER]: 'active' }
const BOTH_INACTIVE = { [WEB]: 'inactive', [SERVER]: 'inactive' }

/** One hold and its release. */
export function holdCases(suite: GuestHelperSuite): void {
  wholeCases(suite)
  againCases(suite)
  whatRanCases(suite)
}

function wholeCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'a hold stops what runs, in this order, marks, syncs and says so', async (guest) => {
    const held = await hold(guest, HOLD)
    assert.equal(await guest.serverRuns(), false)
    assert.deepEqual(
      held.components.map(({ kind, unit, wasActive, blockedBy, activeState }) => [
        kind,
        unit,
        wasActive,
        blockedBy,
        activeState,
      ]),
      [
        ['unit', WEB, true, 'drop-in', 'inactive'],
        ['dbms', SERVER, true, 'drop-in', 'inactive'],
      ],
    )
    assert.deepEqual([held.synced, held.watchdogArmed, held.dbms?.processes], [true, true, []])
    assert.equal(held.dbms?.unit.ActiveState, 'inactive')
    assert.ok(held.markers.some(({ written }) => written))
    const { stopRequestedUptimeMs, stoppedUptimeMs, syncedUptimeMs, answeredUptimeMs, firesUptimeMs } = held
    const times = [stopRequestedUptimeMs, stoppedUptimeMs, syncedUptimeMs, answeredUptimeMs, firesUptimeMs]
    assert.deepEqual(
      times,
      times.toSorted((one, other) => Number(one) - Number(other)),
    )
  })

  guestHelperCase(suite, 'a release takes the fence, starts what ran and disarms the watchdog', async (guest) => {
    const held = await hold(guest, HOLD)
    const released = await ask(guest, 'release', HOLD)
    assert.equal(await guest.serverRuns(), true)
    assert.deepEqual([released.ok, released.known, released.watchdogDisarmed], [true, true, true])
    assert.deepEqual(released.fence?.components, BOTH_INACTIVE)
    assert.deepEqual([released.fence?.watchdog, released.fence?.expiredUptimeMs], ['armed', null])
    assert.deepEqual([released.fence?.unit, released.fence?.processes], [held.dbms?.unit, []])
    assert.deepEqual(
      released.components.map(({ unit, wasActive, activeState }) => [unit, wasActive, activeState]),
      [
        [WEB, true, 'active'],
        [SERVER, true, 'active'],
      ],
    )
    const { fence, startRequestedUptimeMs, startedUptimeMs, readyUptimeMs, uptimeMs } = released
    const times = [fence?.takenUptimeMs, startRequestedUptimeMs, startedUptimeMs, readyUptimeMs, uptimeMs]
    assert.deepEqual(
      times,
      times.toSorted((one, other) => Number(one) - Number(other)),
    )
    assert.ok(times.every((time) => typeof time === 'number'))
    assert.equal(await stateOf(guest, HOLD), 'released')
  })

  guestHelperCase(suite, 'come-back says whether the server answers, and which hold was the last', async (guest) => {
    const before = await ask(guest, 'come-back', 'mysql', '-')
    assert.deepEqual([before.dbms?.select1, before.dbms?.socketExists], [true, true])
    await hold(guest, HOLD)
    const during = await ask(guest, 'come-back', 'mysql', HOLD)
    assert.deepEqual([during.dbms?.select1, during.dbms?.socketExists], [false, false])
    assert.deepEqual(await unitsOf(guest), BOTH_INACTIVE)
    await ask(guest, 'release', HOLD)
    const after = await ask(guest, 'come-back', 'mysql', HOLD)
    assert.equal(after.dbms?.select1, true)
    assert.ok(after.markers.some(({ content }) => content?.startsWith(`${HOLD} `)))
    assert.deepEqual(await unitsOf(guest), BOTH_ACTIVE)
  })

  guestHelperCase(
    suite,
    'status and probe tell of a hold while it is open, and whether the server answers',
    async (guest) => {
      assert.deepEqual((await ask(guest, 'status')).holds, [])
      const before = await ask(guest, 'probe', 'mysql')
      assert.deepEqual([before.openHold, before.lastStopMs, before.lastStartMs], [null, null, null])
      // The clock of a guest goes in steps: a stop that takes no time is not remembered.
      await guest.hangStops(500)
      const { firesUptimeMs } = await hold(guest, HOLD)
      assert.deepEqual((await ask(guest, 'status')).holds, [
        { id: HOLD, profile: 'mysql', state: 'held', firesUptimeMs },
      ])
      const held = await ask(guest, 'probe', 'mysql')
      assert.deepEqual(held.openHold, { id: HOLD, profile: 'mysql', state: 'held' })
      assert.deepEqual([held.dbms?.reachable, held.components.map(({ active }) => active)], [false, [false, false]])
      await ask(guest, 'release', HOLD)
      const released = await ask(guest, 'probe', 'mysql')
      assert.equal(released.openHold, null)
      assert.ok(Number(released.lastStopMs) > 0 && typeof released.lastStartMs === 'number')
      assert.deepEqual(
        [released.dbms?.reachable, released.components.map(({ active }) => active)],
        [true, [true, true]],
      )
    },
  )
}

function againCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'hold and release, asked again, answer what they answered', async (guest) => {
    const held = await hold(guest, HOLD)
    assert.deepEqual(await hold(guest, HOLD), held)
    const released = await ask(guest, 'release', HOLD)
    assert.deepEqual(await ask(guest, 'release', HOLD), released)
  })

  guestHelperCase(suite, 'a hold that was released refuses, and stops nothing', async (guest) => {
    await hold(guest, HOLD)
    await ask(guest, 'release', HOLD)
    assert.equal(await holdRefusal(guest, HOLD), 'released-before')
    assert.equal(await guest.serverRuns(), true)
  })

  guestHelperCase(suite, 'a hold that arrives after its own release refuses, and stops nothing', async (guest) => {
    for (const _ of ['first', 'again']) {
      const early = await ask(guest, 'release', HOLD)
      assert.deepEqual([early.ok, early.known, early.fence, early.components], [true, false, null, []])
      assert.deepEqual([early.startRequestedUptimeMs, early.watchdogDisarmed], [null, false])
    }
    assert.equal(await holdRefusal(guest, HOLD), 'released-before')
    assert.equal(await guest.serverRuns(), true)
    const blocked = { id: HOLD, profile: '', state: 'blocked', firesUptimeMs: null }
    assert.deepEqual((await ask(guest, 'status')).holds, [blocked])
  })

  guestHelperCase(suite, 'a release that was answered starts nothing again', async (guest) => {
    await hold(guest, HOLD)
    await ask(guest, 'release', HOLD)
    await guest.stopServer()
    await ask(guest, 'release', HOLD)
    assert.equal(await guest.serverRuns(), false)
  })
}

function whatRanCases(suite: GuestHelperSuite): void {
  guestHelperCase(
    suite,
    'a start by somebody else is kept out while it holds, and let through afterwards',
    async (guest) => {
      await hold(guest, HOLD)
      await guest.startServer()
      assert.equal(await guest.serverRuns(), false)
      await ask(guest, 'release', HOLD)
      await guest.stopServer()
      await guest.startServer()
      assert.equal(await guest.serverRuns(), true)
    },
  )

  guestHelperCase(
    suite,
    'a server that did not run is not started, what ran beside it is',
    async (guest) => {
      const { components, dbms } = await hold(guest, HOLD)
      assert.deepEqual(
        components.map(({ unit, wasActive, blockedBy }) => [unit, wasActive, blockedBy]),
        [
          [WEB, true, 'drop-in'],
          [SERVER, false, 'none'],
        ],
      )
      assert.deepEqual([components[1]?.stopMs, dbms?.pidBefore], [0, null])
      const released = await ask(guest, 'release', HOLD)
      assert.deepEqual([released.ok, released.readyUptimeMs], [true, null])
      assert.equal(typeof released.startRequestedUptimeMs, 'number')
      assert.deepEqual(await unitsOf(guest), { [WEB]: 'active', [SERVER]: 'inactive' })
    },
    { serverRuns: false },
  )

  guestHelperCase(
    suite,
    'a web server that did not run is not started',
    async (guest) => {
      await hold(guest, HOLD)
      await ask(guest, 'release', HOLD)
      assert.deepEqual(await unitsOf(guest), { [WEB]: 'inactive', [SERVER]: 'active' })
    },
    { webRuns: false },
  )

  guestHelperCase(
    suite,
    'where nothing ran no start is asked for',
    async (guest) => {
      const { stopRequestedUptimeMs, stoppedUptimeMs } = await hold(guest, HOLD)
      assert.equal(stoppedUptimeMs, stopRequestedUptimeMs)
      const released = await ask(guest, 'release', HOLD)
      assert.deepEqual([released.ok, released.startRequestedUptimeMs], [true, null])
      assert.deepEqual(await unitsOf(guest), BOTH_INACTIVE)
    },
    { serverRuns: false, webRuns: false },
  )

  guestHelperCase(
    suite,
    'a server that did not run is not kept from being started, and the fence shows it',
    async (guest) => {
      await hold(guest, HOLD)
      await guest.startServer()
      const { fence } = await ask(guest, 'release', HOLD)
      assert.equal(fence?.components[SERVER], 'active')
      assert.equal(await guest.serverRuns(), true)
    },
    { serverRuns: false },
  )
}
