import { StillshotError, toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { RollBackMark } from './roll-back-mark.ts'

export type RollBackOutcome = 'rolled-back' | 'untouched'

/** What the hypervisor adds to {@link rollBackMarked}: one roll back to one snapshot. */
export interface MarkedRollBack<Mark extends RollBackMark> {
  /** Rejects with `snapshot-not-found`. */
  readMark(): Promise<Mark | undefined>
  writeMark(mark: RollBackMark | undefined): Promise<void>
  /** What is so now, so that {@link judge} can tell afterwards. */
  markBefore(): Promise<Mark>
  findings(): Promise<readonly Finding[]>
  /** Resolves when its task has ended well. */
  start(): Promise<void>
  /** What became of the roll back that the mark tells of; waits for its task. `half`: the same again makes it whole. */
  judge(mark: Mark): Promise<RollBackOutcome | 'half'>
}

/** Rolls back once for a token, however often it is asked. Rejects with what refuses it, before anything is touched. */
export async function rollBackMarked<Mark extends RollBackMark>(
  course: MarkedRollBack<Mark>,
  token: string,
): Promise<void> {
  const mark = await course.readMark()
  if (mark?.token === token && (await settleMarked(course, token)) === 'rolled-back') return
  const obstacle = (await course.findings()).find(({ severity }) => severity === 'refuse')
  if (obstacle !== undefined) {
    throw new StillshotError(obstacle.error ?? 'hypervisor-refused', obstacle.message, { hint: obstacle.hint })
  }
  await course.writeMark(await course.markBefore())
  await startAndMark(course, token)
}

/** What became of the roll back of this token. Finishes one that stopped half way. Idempotent. */
export async function settleMarked<Mark extends RollBackMark>(
  course: MarkedRollBack<Mark>,
  token: string,
): Promise<RollBackOutcome> {
  const mark = await course.readMark().catch((thrown: unknown) => {
    if (toStillshotError(thrown).code === 'snapshot-not-found') return undefined
    throw thrown
  })
  if (mark?.token !== token) return 'untouched'
  if (mark.state === 'done') return 'rolled-back'
  const outcome = await course.judge(mark)
  if (outcome === 'half') await startAndMark(course, token)
  else await course.writeMark(outcome === 'rolled-back' ? { token, state: 'done' } : undefined)
  return outcome === 'half' ? 'rolled-back' : outcome
}

async function startAndMark<Mark extends RollBackMark>(course: MarkedRollBack<Mark>, token: string): Promise<void> {
  await course.start()
  await course.writeMark({ token, state: 'done' })
}
