import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeShells } from '../../adapters/guests/fake/fake-shells.ts'
import type { ProgressEvent } from '../../src/coordinator/ports.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import type { CommandResult } from '../../src/guest/guest-shell.ts'
import { makeWorld, type World } from '../world/world.ts'

/** The release that waits in the guest is told; whatever becomes of it, the database is back. */

const signal = new AbortController().signal

interface Seen {
  /** The words and the input of each release that ran. */
  readonly releases: readonly string[]
  readonly point: Awaited<ReturnType<typeof takeSnapshot>>
}

async function snapshot(
  world: World,
  { waiting, at }: { waiting?: () => CommandResult; at?: (event: ProgressEvent, shells: FakeShells) => void } = {},
): Promise<Seen> {
  const releases: string[] = []
  const shells = new FakeShells({
    clock: world.clock,
    program: async (argv, stdin) => {
      const words = argv.slice(argv.indexOf('release'))
      if (words[0] === 'release') releases.push([words[0], ...words.slice(2), stdin.trim()].join(' ').trim())
      return words.includes('when-told') && waiting ? waiting() : world.guest.program(argv)
    },
  })
  const progress = { phase: (event: ProgressEvent) => at?.(event, shells) }
  const point = await takeSnapshot({ ...world.ports, shells, progress }, world.settings, { mode: 'stop', signal })
  assert.equal(world.guest.facts.running, true)
  return { releases, point }
}

test('the release that waits is told, and no other is asked for', async () => {
  const { releases, point } = await snapshot(makeWorld())
  assert.deepEqual(releases, ['release when-told release'])
  assert.equal(point.grade, 'db-stopped')
})

test('a helper that cannot wait is asked in the ordinary way', async () => {
  const waiting = () => ({ exitStatus: 2, stdout: '', stderr: 'release takes 1 words, not 2' })
  const { releases, point } = await snapshot(makeWorld(), { waiting })
  assert.deepEqual(releases, ['release when-told release', 'release'])
  assert.equal(point.grade, 'db-stopped')
})

test('one whose connection was lost is not told; another connection releases', async () => {
  const { releases, point } = await snapshot(makeWorld(), {
    at: ({ phase, state }, shells) => {
      if (phase === 'release' && state === 'begun') shells.cut()
    },
  })
  assert.deepEqual(releases, ['release'])
  assert.equal(point.grade, 'db-stopped')
})
