import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuestShell } from '../../src/guest/guest-shell.ts'
import { WaitingRelease } from '../../src/guest/waiting-release.ts'

/** A guest that never answers: what is run in it ends when its caller gives up. */
function silentShell() {
  const heard: string[] = []
  const run: GuestShell['run'] = (_, { stdin, signal } = {}) => {
    Promise.resolve(stdin).then((text) => heard.push(text ?? ''))
    const { promise, reject } = Promise.withResolvers<never>()
    signal?.addEventListener('abort', () => reject(signal.reason))
    return promise
  }
  return { heard, shell: { run } as unknown as GuestShell }
}

test('a release that is told with a signal that is over ends at once, with nobody told', async () => {
  const { shell, heard } = silentShell()
  const waiting = new WaitingRelease(shell, ['release', 'h1'], 'h1')
  let sent = 0
  const told = waiting.tell('', { signal: AbortSignal.abort(), onSent: () => (sent += 1) })
  assert.equal(await told, undefined)
  assert.deepEqual([heard, sent], [[], 0])
})

test('a signal that is over later ends it, too', async () => {
  const { shell, heard } = silentShell()
  const waiting = new WaitingRelease(shell, ['release', 'h1'], 'h1')
  const giving = new AbortController()
  const told = waiting.tell('words', { signal: giving.signal })
  giving.abort()
  assert.equal(await told, undefined)
  assert.deepEqual(heard, ['release\nwords'])
})
