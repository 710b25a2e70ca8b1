import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkProbe } from '../../../../adapters/applications/mysql/check-probe.ts'
import type { ProbeAnswer } from '../../../../src/guest/protocol/answers.ts'
import { probeAnswer } from '../../../conformance/application-answers.ts'

type Dbms = NonNullable<ProbeAnswer['dbms']>
const variables = { version: '10.11.19-MariaDB-0+deb12u1', innodb_fast_shutdown: '1', read_only: 'OFF' }
const galera = { wsrep_cluster_size: '3', wsrep_cluster_status: 'Primary', wsrep_local_state_comment: 'Synced' }
const replica = (io: string, sql: string) => [{ Slave_IO_Running: io, Slave_SQL_Running: sql }]

function codes(probe: ProbeAnswer, settingsPutBack = false): string[] {
  return checkProbe(probe, { longTransactionSeconds: 60, settingsPutBack })
    .filter(({ severity }) => severity !== 'ok')
    .map(({ severity, code }) => `${severity} ${code}`)
}

const cases: [string, Partial<Dbms>, string[]][] = [
  ['nothing special', {}, []],
  ['fast shutdown 2', { variables: { ...variables, innodb_fast_shutdown: '2' } }, ['refuse fast-shutdown-2']],
  ['fast shutdown not told', { variables: { version: variables.version } }, ['warn fast-shutdown-unknown']],
  ['a version without recordings', { variables: { ...variables, version: '10.6.18-MariaDB' } }, ['warn no-recordings']],
  ['a long transaction', { longTransactions: [{ thread: '9', seconds: 61 }] }, ['refuse long-transaction']],
  ['a short transaction', { longTransactions: [{ thread: '9', seconds: 60 }] }, []],
  ['a running replica', { replicas: replica('Yes', 'Yes') }, ['warn replica']],
  ['stopped replica threads', { replicas: replica('No', 'Yes') }, ['refuse replica-threads-stopped']],
  [
    'a running replica that would not start by itself',
    { replicas: replica('Yes', 'Yes'), variables: { ...variables, skip_slave_start: 'ON' } },
    ['refuse replica-would-not-start'],
  ],
  ['connected replicas', { connectedReplicas: 2 }, ['warn replicas-connected']],
  [
    'a setting made at run time',
    { variables: { ...variables, read_only: 'ON', configured_read_only: '0' } },
    ['refuse setting-would-change'],
  ],
  ['a setting that stands', { variables: { ...variables, read_only: 'ON', configured_read_only: '1' } }, []],
  ['a setting of unknown origin', { variables: { ...variables, read_only: 'ON' } }, ['warn setting-unverified']],
  ['a healthy Galera node', { variables: { ...variables, wsrep_on: 'ON' }, status: galera }, ['warn galera-node']],
  [
    'a small Galera cluster',
    { variables: { ...variables, wsrep_on: 'ON' }, status: { ...galera, wsrep_cluster_size: '2' } },
    ['refuse galera-quorum'],
  ],
  [
    'a Galera node that donates',
    { status: { ...galera, wsrep_local_state_comment: 'Donor/Desynced' } },
    ['refuse galera-not-synced'],
  ],
  [
    'a Galera node of which nothing is known',
    { variables: { ...variables, wsrep_on: 'ON' }, status: {} },
    ['refuse galera-not-synced'],
  ],
  [
    'a member of a replication group',
    { variables: { ...variables, group_replication_group_name: 'g' } },
    ['refuse group-replication-quorum'],
  ],
  ['many dirty pages', { status: { innodb_buffer_pool_pages_dirty: '20000' } }, ['warn many-dirty-pages']],
  [
    'a second server',
    {
      processes: [
        { pid: 512, command: 'mariadbd' },
        { pid: 700, command: 'mysqld' },
      ],
    },
    ['refuse second-server'],
  ],
  [
    'mysqld_safe',
    {
      processes: [
        { pid: 500, command: 'mysqld_safe' },
        { pid: 512, command: 'mysqld' },
      ],
    },
    [],
  ],
  ['a refused login', { reachable: false, loginError: 'access denied', variables: {} }, ['refuse login-failed']],
]

describe('checkProbe', () => {
  for (const [what, dbms, expected] of cases) {
    test(`${what}: ${expected.join(', ') || 'nothing to say'}`, () => {
      assert.deepEqual(codes(probeAnswer(dbms)), expected)
    })
  }

  test('settings and threads that a restart would lose are warnings when the profile puts them back', () => {
    const lost = { ...variables, read_only: 'ON', configured_read_only: '0' }
    assert.deepEqual(codes(probeAnswer({ variables: lost }), true), ['warn setting-put-back'])
    assert.deepEqual(codes(probeAnswer({ replicas: replica('No', 'No') }), true), ['warn replica'])
  })

  test('units: missing, down, clustered, not enabled, several', () => {
    const probe = probeAnswer()
    const component = probe.components[0]!
    const withUnit = (changes: Partial<typeof component>) => ({ ...probe, components: [{ ...component, ...changes }] })
    assert.deepEqual(codes(withUnit({ unit: null })), ['refuse dbms-not-found'])
    assert.deepEqual(codes(withUnit({ active: false })), ['refuse dbms-not-running'])
    assert.deepEqual(codes(withUnit({ clusterManaged: true })), ['refuse cluster-managed'])
    assert.deepEqual(codes(withUnit({ enabled: 'disabled' })), ['warn not-enabled'])
    const second = { ...component, unit: 'mariadb@b.service' }
    assert.deepEqual(codes({ ...probe, components: [component, second] }), ['refuse several-dbms'])
    const other = { ...component, kind: 'unit' as const, wanted: 'cron', unit: null, active: false }
    assert.deepEqual(codes({ ...probe, components: [component, other] }), ['refuse unit-not-found'])
  })

  test('an open hold is the guest-locked error', () => {
    const openHold = { id: 'h1', state: 'held', profile: 'mysql' }
    const findings = checkProbe({ ...probeAnswer(), openHold }, { longTransactionSeconds: 60, settingsPutBack: false })
    assert.equal(findings.find(({ code }) => code === 'hold-open')?.error, 'guest-locked')
  })
})
