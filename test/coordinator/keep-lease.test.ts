import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../adapters/system/fake/virtual-clock.ts'
import { keepLease, leaseLimits } from '../../src/coordinator/keep-lease.ts'
import { StillshotError } from '../../src/errors.ts'
import type { GuestHelper } from '../../src/guest/guest-helper.ts'

const { signal } = new AbortController()

/** A lease of a minute whose nth renewal ends as `answer` says. */
function lease(answer: (nth: number) => StillshotError | undefined) {
  const clock = new VirtualClock({ auto: true })
  const renewedAt: number[] = []
  const begun = clock.monotonic()
  const renew = async () => {
    renewedAt.push(clock.monotonic() - begun)
    const error = answer(renewedAt.length)
    if (error !== undefined) throw error
  }
  const helper = { renew, close: async () => {} } as unknown as GuestHelper
  return { clock, renewedAt, kept: keepLease({ clock, helper, hold: 'h', machine: 'm', ttlMs: 60_000, signal }) }
}

const away = new StillshotError('guest-unreachable', 'no route')
const over = new StillshotError('hold-expired', 'hold h is expired')

test('a hold is renewed several times while it lives, and no more when the lease has ended', async () => {
  const { clock, renewedAt, kept } = lease(() => undefined)
  await clock.sleep(40_000)
  await kept.end()
  assert.deepEqual(renewedAt.slice(0, 3), [12_000, 24_000, 36_000])
  const { length } = renewedAt
  await clock.sleep(100_000)
  assert.equal(renewedAt.length, length)
  assert.equal(kept.signal.aborted, false)
})

test('a guest that is away for a moment costs nothing; for as long as the hold lives, it costs the lease', async () => {
  const short = lease((nth) => (nth === 2 ? away : undefined))
  await short.clock.sleep(120_000)
  assert.equal(short.kept.lost, undefined)
  await short.kept.end()
  const long = lease(() => away)
  await long.clock.sleep(120_000)
  assert.equal(long.kept.lost?.code, 'hold-expired')
  assert.equal(long.kept.signal.aborted, true)
})

test('that the guest knows no such hold counts only once it has said that it holds', async () => {
  const { clock, kept } = lease(() => over)
  await clock.sleep(30_000)
  assert.equal(kept.lost, undefined)
  kept.held()
  await clock.sleep(30_000)
  assert.match(String((kept.signal.reason as Error).message), /ran out during the restore: hold h is expired/)
})

test('a lease is longer than all that the components may take to stop and start', () => {
  const components = [{ kind: 'unit', unit: 'a.service', stopSeconds: 600, startSeconds: 300 }] as const
  const { ttlMs, startMs } = leaseLimits({ components })
  assert.ok(ttlMs > 900_000)
  assert.equal(startMs, 300_000)
  const long = [{ ...components[0], stopSeconds: 3600, startSeconds: 3600 }]
  assert.ok(leaseLimits({ components: long }).startMs < leaseLimits({ components: long }).ttlMs)
})
