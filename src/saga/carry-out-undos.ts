import { ERRORS, StillshotError, toStillshotError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../system/clock.ts'
import { formatInstant } from '../system/instant.ts'
import type { Journal } from './journal.ts'
import type { JournalEvent, OpenUndo } from './journal-event.ts'

/**
 * One way back. Idempotent: it may run after success, after half a success, and twice. Resolves with what a person should
 * know of how it ended, if anything.
 */
export type UndoAction = (args: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<string | undefined>
export type UndoActions = Readonly<Record<string, UndoAction>>

export interface UndoWorld {
  readonly clock: Clock
  readonly log: Log
  readonly journal: Journal
  readonly actions: UndoActions
}

export interface FailedUndo {
  readonly step: string
  readonly action: string
  readonly code: string
  readonly message: string
  readonly byHand?: string
  /** The way out that came with the failure, where it is not that of every failure of this code. */
  readonly hint?: string
}

export interface CarriedOut {
  readonly failures: readonly FailedUndo[]
  /** What the undos that worked had to tell. */
  readonly notes: readonly string[]
}

/**
 * Carries out every open undo, in the given order, each with its own time limit and a fresh signal: what stopped the
 * forward path does not stop the way back. One that fails does not stop the others, and one that cannot be journalled is
 * still carried out. Never rejects.
 */
export async function carryOutUndos(world: UndoWorld, open: readonly OpenUndo[]): Promise<CarriedOut> {
  const failures: FailedUndo[] = []
  const notes: string[] = []
  for (const { step, undo } of open) {
    if (failures.length > 0 && undo.onlyAfterAll === true) continue
    const at = () => formatInstant(world.clock.now())
    try {
      const said = await carryOut(world, { step, undo })
      if (said !== undefined) notes.push(said)
      await note(world, { event: 'undone', at: at(), step, ...(said === undefined ? {} : { note: said }) })
    } catch (thrown) {
      const { code, message, hint } = toStillshotError(thrown)
      const { byHand } = undo
      const ways = { ...(byHand === undefined ? {} : { byHand }), ...(hint === ERRORS[code].hint ? {} : { hint }) }
      failures.push({ step, action: undo.action, code, message, ...ways })
      world.log.error('undo failed', { step, action: undo.action, code, message })
      await note(world, { event: 'undo-failed', at: at(), step, code, message })
    }
  }
  return { failures, notes }
}

async function carryOut(world: UndoWorld, { undo }: OpenUndo): Promise<string | undefined> {
  const action = world.actions[undo.action]
  if (action === undefined) throw new StillshotError('defect', `no undo is called '${undo.action}'`)
  using deadline = world.clock.deadline(undo.timeoutMs)
  return await endWith(world.clock, deadline.signal, action(undo.args, deadline.signal))
}

/** Long enough for an undo to say by itself what kept it. */
const GRACE_MS = 2_000

/** Rejects soon after the signal aborts, whatever the work does: an undo that hangs must not hold up the next one. */
async function endWith<T>(clock: Clock, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const settled = new AbortController()
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const tooLate = aborted.then(async (): Promise<never> => {
    await clock.sleep(GRACE_MS, settled.signal)
    throw signal.reason
  })
  tooLate.catch(() => {})
  try {
    return await Promise.race([work, tooLate])
  } finally {
    settled.abort()
  }
}

async function note(world: UndoWorld, event: JournalEvent): Promise<void> {
  try {
    await world.journal.write([event], { durable: true })
  } catch (thrown) {
    world.log.error('the journal cannot be written, the undo goes on', { message: toStillshotError(thrown).message })
  }
}
