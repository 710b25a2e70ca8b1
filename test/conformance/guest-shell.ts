import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testGuestCommands } from './guest-shell-commands.ts'
import { testGuestEnds } from './guest-shell-ends.ts'
import { testGuestStreams } from './guest-shell-streams.ts'
import { type GuestUnderTest, hasCode, type RefusalCode, until, withShell } from './guest-shell-subject.ts'

/** What every adapter of the port GuestShells keeps. `guest` is called once the tests run. */
export function testGuestShells(name: string, guest: () => GuestUnderTest): void {
  describe(`guest shell: ${name}`, () => {
    describe('open()', () => testOpening(guest))
    describe('run()', () => testGuestCommands(guest))
    describe('stream()', () => testGuestStreams(guest))
    describe('ends', () => testGuestEnds(guest))
    test('leaves nothing behind', async () => {
      await until(async () => (await guest().connections()) === 0)
    })
  })
}

const REFUSALS: readonly RefusalCode[] = [
  'guest-unreachable',
  'host-key-unknown',
  'host-key-changed',
  'guest-login-refused',
]

function testOpening(guest: () => GuestUnderTest): void {
  for (const code of REFUSALS) {
    test(`rejects with ${code}, again and again`, async () => {
      const { shells, target } = guest().refusals[code]
      for (const _ of [1, 2]) await assert.rejects(shells.open(target), hasCode(code))
    })
  }

  test('names the host key that was verified', async () => {
    await withShell(guest(), async (shell) => {
      assert.match(shell.hostKeyFingerprint, /^SHA256:\S+$/)
      assert.equal(shell.open, true)
    })
  })

  test('rejects with the reason of a signal that has aborted', async () => {
    const reason = new Error('enough')
    await assert.rejects(guest().shells.open(guest().target, { signal: AbortSignal.abort(reason) }), reason)
  })
}
