import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testGuestPrograms } from './guest-shell-programs.ts'
import { type GuestUnderTest, hasCode, withShell } from './guest-shell-subject.ts'

/** What `run` keeps about a command that runs to its end, over a connection. */
export function testGuestCommands(guest: () => GuestUnderTest): void {
  testGuestPrograms(guest)

  test('names the signal that ended the command', async () => {
    await withShell(guest(), async (shell) => {
      const result = await shell.run(['sh', '-c', 'kill -KILL $$'])
      assert.deepEqual(result, { exitStatus: undefined, signal: 'SIGKILL', stdout: '', stderr: '' })
    })
  })

  test('a connection that is closed ends a command that waits for its input', async () => {
    await withShell(guest(), async (shell) => {
      const waiting = shell.run(['cat'], { stdin: new Promise<string>(() => {}) })
      const lost = assert.rejects(waiting, hasCode('guest-unreachable'))
      await shell.run(['true'])
      await shell.close()
      await lost
    })
  })
}
