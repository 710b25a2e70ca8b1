import type { Finding } from '../../../src/finding.ts'
import type { ProbedDbms } from '../../../src/guest/protocol/answers.ts'
import { refuse, warn } from './findings.ts'
import { isOn } from './settings.ts'

/** Fewer nodes than this would lose their majority, or their last spare, with the one that stops. */
const LEAST_NODES = 3

/** Galera and Group Replication: a stop must not cost the quorum. */
export function checkCluster(dbms: ProbedDbms): readonly Finding[] {
  return [
    ...checkGalera(dbms).map((finding): Finding => ({ ...finding, consent: 'galera' })),
    ...checkGroupReplication(dbms).map((finding): Finding => ({ ...finding, consent: 'group-replication' })),
  ]
}

function checkGalera({ variables, status }: ProbedDbms): readonly Finding[] {
  const size = status.wsrep_cluster_size
  if (!isOn(variables.wsrep_on) && !(Number(size) > 0)) return []
  const [cluster, node] = [status.wsrep_cluster_status, status.wsrep_local_state_comment]
  if (cluster !== 'Primary' || node !== 'Synced') {
    return [
      refuse(
        'galera-not-synced',
        `this Galera node is ${node ?? 'in an unknown state'}, its cluster ${cluster ?? 'in an unknown state'}`,
        'wait until the node is Synced in a Primary cluster',
      ),
    ]
  }
  if (!(Number(size) >= LEAST_NODES)) {
    return [
      refuse(
        'galera-quorum',
        `the Galera cluster has ${size ?? 'an unknown number of'} nodes: a stop would cost the quorum`,
        `hold nodes of clusters of ${LEAST_NODES} or more only`,
      ),
    ]
  }
  return [
    warn(
      'galera-node',
      `this is one of ${size} Galera nodes: the others go on, it catches up after the start`,
      'rolling this node back means a state transfer: restore it only with the cluster in mind',
    ),
  ]
}

function checkGroupReplication({ variables, status }: ProbedDbms): readonly Finding[] {
  const group = variables.group_replication_group_name ?? ''
  const state = status.group_replication_member_state
  if (group === '' || state === 'OFFLINE') return []
  const online = status.group_replication_members_online
  if (state !== 'ONLINE' || !(Number(online) >= LEAST_NODES)) {
    return [
      refuse(
        'group-replication-quorum',
        `this member of group ${group} is ${state ?? 'in an unknown state'}, members online: ${online ?? 'unknown'}`,
        `hold members of groups of ${LEAST_NODES} or more online only`,
      ),
    ]
  }
  return [
    warn(
      'group-replication-member',
      `this is one of ${online} members online of group ${group}: the others go on`,
      'see that group_replication_start_on_boot is on',
    ),
  ]
}
