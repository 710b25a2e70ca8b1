import type { SeenHold } from '../../conformance/application.ts'
import { comeBackAnswer, holdAnswer, probeAnswer, releaseAnswer } from '../../conformance/application-answers.ts'
import type { Recording } from '../../recordings/scenarios.ts'

/** A recording as a guest would have answered around a hold. */
export function seenRecording({ server, scenario, stop, startLog }: Recording): SeenHold {
  const variables = { version: server.version, innodb_fast_shutdown: '1', read_only: 'OFF' }
  const hold = holdAnswer(stop)
  return {
    name: `${server.family} ${server.version}, ${scenario}`,
    probe: probeAnswer({ variables }),
    hold,
    release: releaseAnswer(hold),
    comeBack: comeBackAnswer(startLog, { variables }),
  }
}
