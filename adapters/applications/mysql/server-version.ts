import type { ProbeAnswer, RedoFacts } from '../../../src/guest/protocol/answers.ts'
import { type Judgement, proven, unknown } from './judgement.ts'
import { readCreator } from './redo-log.ts'
import { findVersion, type ServerVersion } from './versions.ts'

/**
 * The server's version, as it said when it was asked; where it could not be asked, as it wrote into its redo log. A server
 * that calls itself neither MariaDB nor MySQL (Percona) is not one that was recorded.
 */
export function readVersion(probe: ProbeAnswer, redo: RedoFacts | null = null): ServerVersion | undefined {
  const variables = probe.dbms?.variables ?? {}
  const text = variables.version ?? readCreator(redo)
  const found = findVersion(text)
  const foreign = /percona|aurora/i.test(`${text} ${variables.version_comment ?? ''}`)
  return found !== undefined && foreign ? { ...found, known: undefined, recorded: false } : found
}

/** Whether the stop of this version can be judged at all. */
export function judgeVersion(version: ServerVersion | undefined): Judgement {
  if (version === undefined) return unknown('version-unknown', 'the version of the server is not known')
  if (version.known === undefined) {
    return unknown('version-unsupported', `nothing is known of how ${version.text} stops`)
  }
  return version.recorded
    ? proven('version-recorded', `${version.family} ${version.series} was recorded from a real server`)
    : unknown(
        'no-recordings',
        `there are no recordings from a real ${version.family} ${version.series}: how it stops cannot be judged`,
      )
}
