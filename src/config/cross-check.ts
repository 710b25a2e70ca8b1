import { isTimezone } from '../policy/calendar.ts'
import { checkRepositories } from './check-repositories.ts'
import { durationMs } from './duration.ts'
import { libvirtUriProblem } from './libvirt-uri.ts'
import { nearest } from './nearest.ts'
import { BUILT_IN_PROFILES } from './profiles.ts'
import { LIMITS, type Limits } from './schema/limits.ts'
import { profileDefaults } from './schema/profiles.ts'
import { ssh } from './schema/ssh.ts'
import { vmDefaults } from './schema/vms.ts'
import type { Config } from './schema.ts'
import { formatPath } from './validate.ts'
import type { Problem, Step, YamlSource } from './yaml-source.ts'

type ProxmoxConfig = Extract<Config['hypervisors'][string], { kind: 'proxmox' }>

type VsphereConfig = Extract<Config['hypervisors'][string], { kind: 'vsphere' }>

type Report = (steps: readonly Step[], message: string) => void

/** What one place of the configuration says about another: names that must exist, limits that must fit. */
export function crossCheck(config: Config, source: YamlSource): Problem[] {
  const problems: Problem[] = []
  const report: Report = (steps, message) => {
    problems.push({ path: formatPath(steps), ...source.locate(steps, 'value'), message })
  }
  for (const key of ['connectTimeout', 'keepAlive'] as const) {
    mustFit(report, ['ssh', key], config.ssh?.[key] ?? ssh.properties[key].default, LIMITS[key])
  }
  checkHypervisors(config, report)
  checkVms(config, report)
  checkProfiles(config, report)
  checkPolicies(config, report)
  checkTimezone(report, ['drills', 'timezone'], config.drills?.timezone)
  checkRepositories(config, report)
  if (Object.keys(config.vms).length > 0 && config.ssh?.key === undefined && config.ssh?.agent !== true) {
    report(['ssh', 'key'], 'is missing: name a private key, or set ssh.agent to true')
  }
  return problems
}

function checkHypervisors(config: Config, report: Report): void {
  for (const [name, hypervisor] of Object.entries(config.hypervisors)) {
    const at = ['hypervisors', name]
    if (hypervisor.kind === 'proxmox') checkProxmox(hypervisor, at, report)
    if (hypervisor.kind === 'vsphere') checkVsphere(hypervisor, at, report)
    if (hypervisor.kind !== 'libvirt' || hypervisor.uri === undefined) continue
    const problem = libvirtUriProblem(hypervisor.uri)
    if (problem !== undefined) report([...at, 'uri'], problem)
  }
}

function checkProxmox(entry: ProxmoxConfig, at: readonly Step[], report: Report): void {
  const { token, username, password, ca, fingerprint, others = [] } = entry
  const withPassword = username !== undefined || password !== undefined
  if (token === undefined && !withPassword)
    report([...at, 'token'], 'is missing: name an API token, or a user and password')
  if (token !== undefined && withPassword) report([...at, 'token'], 'and a user are both given: one of them is enough')
  if (withPassword && username === undefined) report([...at, 'username'], 'is missing')
  if (withPassword && password === undefined) report([...at, 'password'], 'is missing')
  if (username !== undefined && !username.includes('@')) {
    report([...at, 'username'], `is ${JSON.stringify(username)}: must end with its realm, as stillshot@pve`)
  }
  if (ca !== undefined && fingerprint !== undefined) {
    report([...at, 'fingerprint'], 'and ca are both given: one of them is enough')
  }
  const urls = [entry.url, ...others.map(({ url }) => url)]
  for (const [index, url] of urls.entries()) {
    const place = index === 0 ? [...at, 'url'] : [...at, 'others', index - 1, 'url']
    const problem = apiUrlProblem(url, PROXMOX_API)
    if (problem !== undefined) report(place, problem)
    if (urls.indexOf(url) !== index) report(place, `is ${JSON.stringify(url)}: given twice`)
  }
}

function checkVsphere({ url, ca, fingerprint }: VsphereConfig, at: readonly Step[], report: Report): void {
  if (ca !== undefined && fingerprint !== undefined) {
    report([...at, 'fingerprint'], 'and ca are both given: one of them is enough')
  }
  const problem = apiUrlProblem(url, VSPHERE_API)
  if (problem !== undefined) report([...at, 'url'], problem)
}

interface ApiAddress {
  readonly example: string
  readonly paths: readonly string[]
  /** The keys that take what an address must not hold. */
  readonly instead: string
}

const PROXMOX_API: ApiAddress = {
  example: 'https://pve1.example:8006',
  paths: ['/'],
  instead: 'token, or username and password',
}
const VSPHERE_API: ApiAddress = {
  example: 'https://vcenter.example/sdk',
  paths: ['/', '/sdk', '/sdk/'],
  instead: 'username and password',
}

/** Why this is no address of an API, as the end of a sentence; a password in it is not repeated. */
function apiUrlProblem(text: string, { example, paths, instead }: ApiAddress): string | undefined {
  if (!URL.canParse(text)) return `is no address: must be like ${example}`
  const { username, password, pathname, search, hash } = new URL(text)
  if (username !== '' || password !== '') return `holds a user or a password: use ${instead}`
  if (!paths.includes(pathname) || search !== '' || hash !== '') {
    return paths.length === 1
      ? 'has a path: only the host and its port belong here'
      : `has another path than the API: must be like ${example}`
  }
  return undefined
}

function checkVms(config: Config, report: Report): void {
  const profiles = [...Object.keys(BUILT_IN_PROFILES), ...Object.keys(config.profiles ?? {})]
  const owners = new Map<string, string>()
  for (const [name, vm] of Object.entries(config.vms)) {
    const at = ['vms', name]
    mustExist(report, [...at, 'hypervisor'], vm.hypervisor, Object.keys(config.hypervisors), 'hypervisors')
    mustExist(report, [...at, 'profile'], vm.profile ?? vmDefaults.profile, profiles, 'profiles')
    if (vm.backup !== undefined) {
      const at = ['vms', name, 'backup', 'repository']
      mustExist(report, at, vm.backup.repository, Object.keys(config.repositories ?? {}), 'repositories')
    }
    const ttl = vm.hold?.ttl ?? vmDefaults.ttl
    const budget = vm.hold?.budget ?? vmDefaults.budget
    mustFit(report, [...at, 'hold', 'ttl'], ttl, LIMITS.ttl)
    if (durationMs(ttl) <= durationMs(budget)) {
      report([...at, 'hold', 'ttl'], `is ${ttl}: must be longer than the budget (${budget})`)
    }
    if (durationMs(budget) === 0) report([...at, 'hold', 'budget'], 'is 0: no outage fits into it')
    if (vm.database?.password !== undefined && vm.database.defaultsFile !== undefined) {
      report([...at, 'database', 'password'], 'and defaultsFile are both given: one of them is enough')
    }
    const identity = JSON.stringify([vm.hypervisor, vm.id])
    const other = owners.get(identity)
    if (other !== undefined) report([...at, 'id'], `is ${JSON.stringify(vm.id)}: vms.${other} is the same VM`)
    owners.set(identity, name)
  }
}

function checkProfiles(config: Config, report: Report): void {
  for (const [name, profile] of Object.entries(config.profiles ?? {})) {
    const at = ['profiles', name]
    if (Object.hasOwn(BUILT_IN_PROFILES, name)) report(at, 'is built in: choose another name')
    const seen = new Set<string>()
    let servers = 0
    for (const [index, component] of profile.components.entries()) {
      const here = [...at, 'components', index]
      if ([component.unit, component.dbms, component.role].filter((each) => each !== undefined).length !== 1) {
        report(here, 'must have exactly one of unit, role and dbms')
        continue
      }
      if (component.dbms !== undefined) servers += 1
      const unit = component.unit ?? component.dbms ?? component.role ?? ''
      if (seen.has(unit)) report(here, `names ${unit} twice`)
      seen.add(unit)
      for (const limit of ['stopLimit', 'startLimit'] as const) {
        const ms = durationMs(component[limit] ?? profileDefaults[limit])
        if (ms < 1000 || ms > 3_600_000) report([...here, limit], `is ${component[limit]}: must be between 1s and 1h`)
      }
    }
    if (servers !== 1) report([...at, 'components'], `has ${servers} components with dbms: must have exactly one`)
  }
}

function checkPolicies(config: Config, report: Report): void {
  for (const [name, policy] of Object.entries(config.policies ?? {})) {
    checkTimezone(report, ['policies', name, 'timezone'], policy.timezone)
    const at = ['policies', name, 'select']
    for (const list of ['vms', 'exclude'] as const) {
      for (const [index, vm] of (policy.select[list] ?? []).entries()) {
        if (list === 'exclude' && vm.includes('*')) continue
        mustExist(report, [...at, list, index], vm, Object.keys(config.vms), 'vms')
      }
    }
    const { hypervisor } = policy.select
    if (hypervisor !== undefined) {
      mustExist(report, [...at, 'hypervisor'], hypervisor, Object.keys(config.hypervisors), 'hypervisors')
    }
  }
}

function checkTimezone(report: Report, at: readonly Step[], timezone: string | undefined): void {
  if (timezone === undefined || isTimezone(timezone)) return
  report(at, `is ${JSON.stringify(timezone)}: must be a time zone such as Europe/Paris`)
}

function mustFit(report: Report, at: readonly Step[], text: string, { least, most }: Limits): void {
  const ms = durationMs(text)
  if (ms < durationMs(least) || ms > durationMs(most)) report(at, `is ${text}: must be from ${least} to ${most}`)
}

function mustExist(report: Report, at: readonly Step[], name: string, known: readonly string[], section: string): void {
  if (known.includes(name)) return
  const meant = nearest(name, known)
  const rest = meant === undefined ? `there are: ${known.join(', ') || 'none'}` : `did you mean ${meant}?`
  report(at, `is ${JSON.stringify(name)}: not under ${section}; ${rest}`)
}
