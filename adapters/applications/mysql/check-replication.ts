import type { Finding } from '../../../src/finding.ts'
import type { ProbeLimits } from '../../../src/guest/application.ts'
import type { ProbedDbms } from '../../../src/guest/protocol/answers.ts'
import { refuse, warn } from './findings.ts'
import { type Channel, describeChannel, ioThread, nameChannel, sqlThread } from './replication.ts'
import { isOn } from './settings.ts'

/** What a restart would do to replication, on either side of it. */
export function checkReplication(dbms: ProbedDbms, limits: ProbeLimits): readonly Finding[] {
  const { connectedReplicas } = dbms
  const replicas =
    connectedReplicas > 0
      ? [
          {
            ...warn(
              'replicas-connected',
              `${connectedReplicas} replicas or other readers of the binary log are connected: they will wait and connect again`,
              'nothing, if they may lag; rolling this server back leaves them ahead of it',
            ),
            consent: 'replicas' as const,
          },
        ]
      : []
  return [...dbms.replicas.map((channel) => checkChannel(channel, dbms, limits)), ...replicas]
}

function checkChannel(channel: Channel, { variables }: ProbedDbms, { settingsPutBack }: ProbeLimits): Finding {
  const name = nameChannel(channel) === '' ? 'the replica' : `replica ${nameChannel(channel)}`
  const stopped = [ioThread(channel), sqlThread(channel)].some((thread) => thread === 'No' || thread === 'unknown')
  const startsByItself = !isOn(variables.skip_slave_start) && !isOn(variables.skip_replica_start)
  const state = `${name} has ${describeChannel(channel)}`
  if (stopped === !startsByItself || settingsPutBack) {
    return warn(
      'replica',
      `${state}: it stands while the server does`,
      'nothing, if it may lag; a rollback sets its position back too',
    )
  }
  return stopped
    ? refuse(
        'replica-threads-stopped',
        `${state}: a restart would start what stands`,
        'start the threads, or set skip_replica_start (skip_slave_start), or say in the profile that settings are put back',
      )
    : refuse(
        'replica-would-not-start',
        `${state}, and skip_replica_start (skip_slave_start) is on: a restart would leave it standing`,
        'switch it off in the option file, or say in the profile that settings are put back',
      )
}
