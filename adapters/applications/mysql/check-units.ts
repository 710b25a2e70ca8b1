import type { Finding } from '../../../src/finding.ts'
import type { ProbeAnswer } from '../../../src/guest/protocol/answers.ts'
import { ok, refuse, warn } from './findings.ts'

type Component = ProbeAnswer['components'][number]

/** Words of `systemctl is-enabled` with which a unit comes back after a boot, by itself or through another one. */
const COMES_BACK = ['enabled', 'static', 'alias', 'indirect', 'generated']

/** Whether the profile's units are there, run, are ours to stop, and would come back after a reset of the guest. */
export function checkUnits({ components, dbms, page }: ProbeAnswer): readonly Finding[] {
  const servers = components.filter(({ kind }) => kind === 'dbms')
  return [
    ...checkDbms(servers, dbms !== null),
    ...components.filter(({ clusterManaged }) => clusterManaged).map(refuseCluster),
    ...components.filter(isMissing).map(({ wanted }) => refuseMissing(wanted)),
    ...components.filter(({ active }) => active).flatMap(checkEnabled),
    ...found(components),
    ...checkPage(page),
  ]
}

function checkDbms(servers: readonly Component[], found: boolean): readonly Finding[] {
  const units = [...new Set(servers.flatMap(({ unit }) => unit ?? []))]
  const [unit] = units
  if (unit === undefined || !found) {
    return [
      refuse(
        'dbms-not-found',
        `no MySQL or MariaDB was found, looked for ${servers.map(({ wanted }) => wanted).join(', ') || 'nothing'}`,
        'name the unit of the server in the profile',
      ),
    ]
  }
  if (units.length > 1) {
    return [refuse('several-dbms', `several database servers: ${units.join(', ')}`, 'name one of them in the profile')]
  }
  return servers.some(({ active }) => active)
    ? [ok('dbms-running', `${unit} runs`)]
    : [
        refuse(
          'dbms-not-running',
          `${unit} does not run: how it last ended cannot be seen`,
          'start it, or look why it is down; a snapshot of a stopped server needs no hold',
        ),
      ]
}

function isMissing({ kind, unit }: Component): boolean {
  return kind === 'unit' && unit === null
}

function refuseMissing(wanted: string): Finding {
  return refuse('unit-not-found', `the guest has no unit ${wanted}`, 'mend the profile: name units that are there')
}

function refuseCluster({ unit, wanted }: Component): Finding {
  return refuse(
    'cluster-managed',
    `a cluster manager has ${unit ?? wanted} as a resource: it would start it again or move it`,
    'put the resource into maintenance by your own means and use another profile, or take another node',
  )
}

function checkEnabled({ unit, enabled }: Component): readonly Finding[] {
  if (enabled === null || COMES_BACK.includes(enabled)) return []
  return [
    warn(
      'not-enabled',
      `${unit} runs but is ${enabled}: a guest that is reset during the hold would not bring it back`,
      `systemctl enable ${unit}`,
    ),
  ]
}

/** What a hold would stop, in its order, and what it would find stopped already; said where there is more than the server. */
function found(components: readonly Component[]): readonly Finding[] {
  const others = components.filter(({ kind, unit }) => kind === 'unit' && unit !== null)
  if (others.length === 0) return []
  const names = components.map(({ unit, wanted, active }) => `${unit ?? wanted}${active ? '' : ' (does not run)'}`)
  return [ok('components-found', `held in this order: ${names.join(', ')}`)]
}

function checkPage(page: ProbeAnswer['page']): readonly Finding[] {
  if (page === undefined || page === null) return []
  const { url, status, error } = page
  if (status !== null && status < 500) return [ok('page-answers', `${url} answers with ${status}`)]
  const message = `${url} does not answer: ${status ?? error ?? 'no reason given'}`
  return [warn('page-silent', message, 'mend it, or name another `page` in the profile: it is not asked after a hold')]
}
