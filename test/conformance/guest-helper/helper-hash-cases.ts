import assert from 'node:assert/strict'
import { ask, type GuestHelperSuite, guestHelperCase, HOLD, hold, OTHER_HOLD } from './under-test.ts'

/** Which helper an answer is of. */
export function helperHashCases(suite: GuestHelperSuite): void {
  guestHelperCase(suite, 'every answer says which helper gave it, and all the same', async (guest) => {
    const { sha256 } = await ask(guest, 'probe', 'mysql')
    assert.notEqual(sha256, '')
    const answers = [
      await ask(guest, 'drain', 'mysql', HOLD, '1'),
      await ask(guest, 'undrain', 'mysql', HOLD),
      await hold(guest, OTHER_HOLD),
      await ask(guest, 'status'),
      await ask(guest, 'release', OTHER_HOLD),
      await ask(guest, 'release', HOLD),
      await ask(guest, 'come-back', 'mysql', '-'),
    ]
    assert.deepEqual(
      answers.map((answer) => answer.sha256),
      answers.map(() => sha256),
    )
  })

  guestHelperCase(
    suite,
    'a helper that took the place of another says so; what that one answered stays its',
    async (guest) => {
      const { sha256 } = await ask(guest, 'probe', 'mysql')
      const held = await hold(guest, HOLD)
      await guest.replaceHelper()
      const released = await ask(guest, 'release', HOLD)
      assert.notEqual(released.sha256, sha256)
      assert.equal(await guest.serverRuns(), true)
      const after = [await ask(guest, 'come-back', 'mysql', HOLD), await ask(guest, 'status')]
      assert.deepEqual(
        [held, ...after].map((answer) => answer.sha256),
        [sha256, released.sha256, released.sha256],
      )
    },
  )

  guestHelperCase(suite, 'a hold that is asked for again still names the helper that held', async (guest) => {
    const held = await hold(guest, HOLD)
    await guest.replaceHelper()
    assert.deepEqual(await hold(guest, HOLD), held)
  })
}
