import assert from 'node:assert/strict'
import type { GuestUnderTest } from '../labs/guest-under-test.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'
import { answers, type FailedDocument, invocation } from './subject.ts'

export interface Expected {
  readonly status: number
  readonly code: string
  /** What the message or the hint must name. */
  readonly says: RegExp
}

export interface Refusals {
  /** Runs a snapshot, or what the words say, that must be refused: the error is clear, and nothing was stopped. */
  refused(expected: Expected, ...args: readonly string[]): Promise<void>
  /** Works with a configuration that was changed so; afterwards it is as it was. */
  withConfig(change: (text: string) => string, work: () => Promise<void>): Promise<void>
}

/** `subject` is asked when one is tried: a test's guest is there only then. */
export function refusalsOf(subject: () => { readonly guest: GuestUnderTest; readonly cli: StillshotCli }): Refusals {
  return {
    async refused(expected, ...args) {
      const { guest, cli } = subject()
      const before = await invocation(guest)
      const result = await cli.run('--json', ...(args.length > 0 ? args : ['snapshot', cli.vm]))
      const document = JSON.parse(result.stdout) as FailedDocument
      const error = document.error ?? document.failed?.[0]
      assert.equal(error?.code, expected.code, result.stdout + result.stderr)
      assert.equal(result.status, expected.status, result.stdout)
      assert.match(`${error?.message} ${error?.hint}`, expected.says)
      assert.equal(await invocation(guest), before, 'the server was not touched')
      assert.equal(await answers(guest), true)
    },
    async withConfig(change, work) {
      const { cli } = subject()
      const config = await cli.readConfig()
      await cli.writeConfig(change(config))
      try {
        await work()
      } finally {
        await cli.writeConfig(config)
      }
    },
  }
}
