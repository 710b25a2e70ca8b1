import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { StillshotError } from '../../src/errors.ts'
import type { GuestShell, RunOptions } from '../../src/guest/guest-shell.ts'
import { DeadlineExceeded } from '../../src/system/clock.ts'
import { type GuestUnderTest, hasCode, until, withShell } from './guest-shell-subject.ts'

/** What is kept when a command, a caller or a connection ends before its time. */
export function testGuestEnds(guest: () => GuestUnderTest): void {
  test('gives up with the reason of the signal; the command goes on and the connection stays usable', async () => {
    await withShell(guest(), async (shell) => {
      const controller = new AbortController()
      const reason = new Error('enough')
      await withSlowCommand(guest(), shell, { signal: controller.signal }, async (command) => {
        await command.begun()
        controller.abort(reason)
        await assert.rejects(command.result, reason)
        assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
      })
    })
  })

  test('gives up when the time limit is over', async () => {
    await withShell(guest(), async (shell) => {
      await withSlowCommand(guest(), shell, { timeoutMs: 200 }, async (command) => {
        await assert.rejects(command.result, (error) => error instanceof DeadlineExceeded && error.afterMs === 200)
        await command.begun()
      })
    })
  })

  test('runs nothing when the signal has aborted before', async () => {
    await withShell(guest(), async (shell) => {
      const mark = join(guest().folder, 'mark')
      const reason = new Error('enough')
      await assert.rejects(shell.run(['touch', mark], { signal: AbortSignal.abort(reason) }), reason)
      assert.equal((await shell.run(['printf', 'on'])).stdout, 'on')
      assert.equal(existsSync(mark), false)
    })
  })

  test('rejects with guest-unreachable when the connection is cut; the command goes on', async () => {
    await withShell(guest(), async (shell) => {
      await withSlowCommand(guest(), shell, {}, async (command) => {
        await command.begun()
        await guest().cut()
        await assert.rejects(command.result, (error) => {
          hasCode('guest-unreachable')(error)
          assert.equal((error as StillshotError).details.mayHaveRun, true)
          return true
        })
        assert.equal(shell.open, false)
      })
    })
  })

  test('rejects with guest-unreachable after the connection has ended, and can be closed', async () => {
    await withShell(guest(), async (shell) => {
      await guest().cut()
      await until(async () => !shell.open)
      await assert.rejects(shell.run(['true']), hasCode('guest-unreachable'))
    })
  })

  test('a new connection can be opened after a cut', async () => {
    await withShell(guest(), async () => await guest().cut())
    await withShell(guest(), async (shell) => assert.equal((await shell.run(['printf', 'on'])).stdout, 'on'))
  })

  test('can be closed twice, and is not open after that', async () => {
    const shell = await guest().shells.open(guest().target)
    await Promise.all([shell.close(), shell.close()])
    await shell.close()
    assert.equal(shell.open, false)
    await assert.rejects(shell.run(['true']), hasCode('guest-unreachable'))
  })

  test('close() ends a command that runs with guest-unreachable', async () => {
    await withShell(guest(), async (shell) => {
      await withSlowCommand(guest(), shell, {}, async (command) => {
        await command.begun()
        await shell.close()
        await assert.rejects(command.result, hasCode('guest-unreachable'))
      })
    })
  })
}

interface SlowCommand {
  readonly result: Promise<unknown>
  /** The command runs in the guest. */
  begun(): Promise<void>
}

/** A command that waits for a pipe in the guest. Afterwards it is set free, and must run to its end: nobody may kill it. */
async function withSlowCommand(
  { folder }: GuestUnderTest,
  shell: GuestShell,
  options: RunOptions,
  act: (command: SlowCommand) => Promise<void>,
): Promise<void> {
  const [pipe, begun, done] = ['pipe', 'begun', 'done'].map((name) => join(folder, name)) as [string, string, string]
  execFileSync('mkfifo', [pipe])
  const script = 'touch "$1/begun"; cat "$1/pipe"; touch "$1/done"'
  const result = shell.run(['sh', '-c', script, 'slow', folder], options)
  result.catch(() => {})
  const hasBegun = () => until(async () => existsSync(begun))
  try {
    await act({ result, begun: hasBegun })
    await hasBegun()
    writeFileSync(pipe, '')
    await until(async () => existsSync(done))
  } finally {
    closeSync(openSync(pipe, 'r+'))
    for (const path of [pipe, begun, done]) rmSync(path, { force: true })
  }
}
