import assert from 'node:assert/strict'
import {
  ask,
  eventually,
  type GuestHelperSuite,
  guestHelperCase,
  HOLD,
  hold,
  SERVER,
  SHORT,
  stateOf,
  WEB,
} from './under-test.ts'

/** The fence of a hold that goes on. */
export function fenceCases(suite: GuestHelperSuite): void {
  guestHelperCase(
    suite,
    'a fence shows that everything stands still, starts nothing, and can be asked again',
    async (guest) => {
      await hold(guest, HOLD)
      for (const _ of ['first', 'again']) {
        const { ok, known, fence } = await ask(guest, 'fence', HOLD)
        assert.deepEqual([ok, known, fence?.watchdog, fence?.expiredUptimeMs], [true, true, 'armed', null])
        assert.deepEqual(fence?.components, { [WEB]: 'inactive', [SERVER]: 'inactive' })
        assert.deepEqual([await guest.serverRuns(), await stateOf(guest, HOLD)], [false, 'held'])
      }
      const { ok, components } = await ask(guest, 'release', HOLD)
      assert.deepEqual([ok, components.map(({ activeState }) => activeState)], [true, ['active', 'active']])
    },
  )

  guestHelperCase(suite, 'a fence after the watchdog says that it fired, and what runs', async (guest) => {
    await hold(guest, HOLD, SHORT)
    await eventually(guest, async () => (await stateOf(guest, HOLD)) === 'expired')
    const { known, fence } = await ask(guest, 'fence', HOLD)
    assert.deepEqual([known, fence?.watchdog, fence?.components[SERVER]], [true, 'fired', 'active'])
    assert.equal(typeof fence?.expiredUptimeMs, 'number')
  })

  guestHelperCase(suite, 'a fence of a hold that is not known has nothing, and leaves nothing', async (guest) => {
    const { ok, known, fence } = await ask(guest, 'fence', HOLD)
    assert.deepEqual([ok, known, fence], [true, false, null])
    assert.deepEqual((await ask(guest, 'status')).holds, [])
    await hold(guest, HOLD)
    assert.equal(await guest.serverRuns(), false)
  })
}
