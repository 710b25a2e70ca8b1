import assert from 'node:assert/strict'
import { type ErrorCode, StillshotError } from '../../src/errors.ts'
import type { GuestShell, GuestShells, GuestTarget } from '../../src/guest/guest-shell.ts'

/** A way into a guest that has a POSIX shell, cat, printf and head. */
export interface ShellUnderTest {
  readonly shells: GuestShells
  readonly target: GuestTarget
}

/** A guest on this machine: it sees the same files and has a POSIX shell, cat, printf and head. */
export interface GuestUnderTest extends ShellUnderTest {
  /** A folder that the guest sees under the same name; the suite leaves it empty. */
  readonly folder: string
  /** How to be refused: what to open for each error that `open` promises. */
  readonly refusals: Readonly<Record<RefusalCode, { readonly shells: GuestShells; readonly target: GuestTarget }>>
  /** Ends every connection from the guest's side, without a word. */
  cut(): Promise<void>
  /** Connections that the guest still has; the suite waits for none. */
  connections(): Promise<number>
}

export type RefusalCode = Extract<
  ErrorCode,
  'guest-unreachable' | 'host-key-unknown' | 'host-key-changed' | 'guest-login-refused'
>

/** Opens a shell for one test and closes it. */
export async function withShell(guest: ShellUnderTest, act: (shell: GuestShell) => Promise<void>): Promise<void> {
  const shell = await guest.shells.open(guest.target)
  try {
    await act(shell)
  } finally {
    await shell.close()
  }
}

export function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StillshotError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  }
}

/** Waits for a condition, at most ten seconds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await condition())) {
    assert.ok(performance.now() < end, `not true after ten seconds: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
