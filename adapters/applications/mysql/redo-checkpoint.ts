import type { RedoFacts } from '../../../src/guest/protocol/answers.ts'

/** The bytes that were read at one of the places where a checkpoint may stand; empty when there are none. */
export function checkpointAt(redo: RedoFacts, offset: number): Buffer {
  return Buffer.from(redo.checkpoints.find((place) => place.offset === offset)?.hex ?? '', 'hex')
}
