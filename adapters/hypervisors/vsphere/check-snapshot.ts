import type { Finding } from '../../../src/finding.ts'
import type { CheckSnapshotOptions, Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { methodFindings } from './check-methods.ts'
import { rightsFindings, SNAPSHOT_RIGHTS } from './check-rights.ts'
import { spaceFindings } from './check-space.ts'
import { TOOLS_PATHS, toolsFindings } from './check-tools.ts'
import { hardwareIn, VM_PATHS } from './find-vm.ts'
import type { Disk } from './hardware.ts'
import { type Properties, readObject } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { readTree, type SnapshotTree } from './snapshot-tree.ts'
import { flag, text } from './values.ts'

const PATHS = [
  ...VM_PATHS,
  ...TOOLS_PATHS,
  'capability.snapshotOperationsSupported',
  'runtime.connectionState',
  'runtime.consolidationNeeded',
  'runtime.faultToleranceState',
]

/** vSphere takes 32 on top of each other; some arrays are known to fail at 31. More than a few are slow. */
const FULL_CHAIN = 30
const LONG_CHAIN = 3

/** VMware's advice is to keep none longer. */
const OLDEST_HOURS = 72

/** Looks at everything that makes a snapshot fail, be incomplete or slow. */
export async function checkSnapshot(
  site: Site,
  vm: Vm,
  { quiesce = false }: Pick<CheckSnapshotOptions, 'quiesce'>,
  call: Call,
): Promise<readonly Finding[]> {
  const rights = await rightsFindings(site, vm, SNAPSHOT_RIGHTS, call)
  if (rights.some(({ severity }) => severity === 'refuse')) return rights
  const errand = { call, doing: `look at ${vm.name}` }
  const properties = await onVm(site, vm, call, (object) => readObject(site.session, object, PATHS, errand))
  const { disks } = hardwareIn(properties)
  const [methods, tree, space] = await Promise.all([
    methodFindings(site, vm, 'CreateSnapshot_Task', call),
    readTree(site, vm, call),
    spaceFindings(site, disks, call),
  ])
  const findings = [
    ...rights,
    ...stateFindings(vm, properties),
    ...(quiesce ? toolsFindings(vm, properties) : []),
    ...methods,
    ...diskFindings(vm, disks),
    ...space,
    ...chainFindings(vm, tree, site.clock.now()),
  ]
  if (findings.some(({ severity }) => severity === 'refuse')) return findings
  const ids = disks.map(({ id }) => id).join(', ')
  return [
    ...findings,
    { severity: 'ok', code: 'snapshot-possible', message: `disks ${ids} can be in a snapshot`, hint: '' },
  ]
}

/** What keeps vSphere from doing anything with snapshots of the VM; for a roll back, too. */
export function stateFindings(vm: Vm, properties: Properties): readonly Finding[] {
  const findings: Finding[] = []
  const connection = text(properties['runtime.connectionState'])
  if (connection !== '' && connection !== 'connected') {
    const hint = 'bring its host or its datastore back first'
    findings.push(refuse('vm-away', `vSphere says that ${vm.name} is ${connection}`, hint, 'hypervisor-refused'))
  }
  const tolerance = text(properties['runtime.faultToleranceState'])
  if (tolerance !== '' && tolerance !== 'notConfigured') {
    const hint = 'turn Fault Tolerance off, or protect this database in another way'
    findings.push(
      refuse('fault-tolerance', `${vm.name} has Fault Tolerance (${tolerance})`, hint, 'snapshot-unsupported'),
    )
  }
  if (text(properties['capability.snapshotOperationsSupported']) === 'false') {
    const message = `vSphere says that ${vm.name} cannot have snapshots`
    findings.push(refuse('no-snapshots', message, 'its settings in vSphere say why', 'snapshot-unsupported'))
  }
  if (flag(properties['config.template'])) {
    findings.push(refuse('vm-template', `${vm.name} is a template`, 'name a VM', 'not-supported'))
  }
  if (text(properties['config.uuid']) === '') {
    const message = `${vm.name} has no SMBIOS UUID, so its guest cannot prove that it is this VM`
    findings.push({ severity: 'warn', code: 'no-uuid', message, hint: 'set uuid.bios in its configuration' })
  }
  if (flag(properties['runtime.consolidationNeeded'])) {
    const message = `the disks of ${vm.name} need consolidation: a removed snapshot was not merged`
    findings.push({ severity: 'warn', code: 'consolidation-needed', message, hint: 'consolidate them in vSphere' })
  }
  return findings
}

function diskFindings(vm: Vm, disks: readonly Disk[]): readonly Finding[] {
  if (disks.length === 0) {
    return [
      refuse('no-disk', `${vm.name} has no disk that a snapshot can contain`, 'give it one', 'snapshot-unsupported'),
    ]
  }
  return disks.flatMap((disk) => uncovered(disk) ?? [])
}

/** A disk that is left out is refused only where data are on it, which the guest knows; one that spoils the snapshot is. */
function uncovered({ id, file, covered, uncoveredReason }: Disk): Finding | undefined {
  if (covered) return undefined
  const message = `disk ${id} (${file}) ${uncoveredReason}`
  const hint = 'mend it, or take the disk out of the VM'
  // vSphere leaves independent disks out without a word; with the others it refuses the snapshot of the whole VM.
  if (/^is independent/.test(uncoveredReason ?? ''))
    return { severity: 'warn', code: 'disk-not-covered', message, hint }
  return refuse('disk-not-covered', message, hint, 'snapshot-unsupported')
}

function chainFindings(vm: Vm, { snapshots, current }: SnapshotTree, now: number): readonly Finding[] {
  const depth = current?.depth ?? 0
  const hint = 'remove old restore points: each makes the disks slower'
  const findings: Finding[] = []
  if (depth >= FULL_CHAIN) {
    const message = `${vm.name} stands on ${depth} snapshots, and vSphere takes 32 at most`
    findings.push(refuse('chain-full', message, hint, 'hypervisor-refused'))
  } else if (depth > LONG_CHAIN) {
    findings.push({ severity: 'warn', code: 'chain-depth', message: `${vm.name} stands on ${depth} snapshots`, hint })
  }
  const [oldest] = snapshots
  const hours = oldest === undefined ? 0 : Math.floor((now - oldest.createdAt) / 3_600_000)
  if (oldest !== undefined && hours >= OLDEST_HOURS) {
    const message = `snapshot ${oldest.name} is ${hours} h old; VMware advises no more than ${OLDEST_HOURS} h`
    findings.push({ severity: 'warn', code: 'snapshot-old', message, hint })
  }
  return findings
}

function refuse(code: string, message: string, hint: string, error: NonNullable<Finding['error']>): Finding {
  return { severity: 'refuse', code, message, hint, error }
}
