import type { Finding } from '../finding.ts'
import type { Proof } from '../grade/proof.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import { isOneLine } from '../guest/stream-verb.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Part } from '../repository/manifest.ts'
import type { KeptPlace } from '../repository/place.ts'
import type { Repository } from '../repository/repository.ts'
import { compareStorage, type Storage } from '../system/storage.ts'
import { pathFindings } from './backup-paths.ts'
import { placeFinding } from './copies-elsewhere.ts'
import { halfFindings } from './half-restored.ts'
import type { Ports, VmSettings } from './ports.ts'
import { attempt, helperFinding, proofFinding } from './preflight.ts'
import { tenantFindings } from './tenants.ts'

/** What a look before a backup saw. The rest is undefined where the look itself failed; a finding says why. */
export interface BackupPreflight {
  readonly findings: readonly Finding[]
  readonly inventory?: InventoryAnswer
  readonly place?: KeptPlace
  readonly sameMachine?: Proof
}

interface Ahead {
  readonly helper: GuestHelper
  readonly vm: Vm
  readonly repository: Repository
  readonly parts: readonly Part[]
  readonly signal: AbortSignal
}

/** Looks at everything that a backup needs; changes nothing, and reports all that it found. Rejects only when cancelled. */
export async function lookBeforeBackup(ports: Ports, settings: VmSettings, ahead: Ahead): Promise<BackupPreflight> {
  const { helper, vm, repository, parts, signal } = ahead
  const [stored, place, disks, guest, sameUuid] = await Promise.all([
    repository.check({ signal, timeoutMs: 30_000 }),
    attempt(() => repository.place(settings.guest.host, { signal, timeoutMs: 30_000 })),
    attempt(() => ports.hypervisor.storage(vm, { signal, timeoutMs: 30_000 })),
    attempt(() => helper.inventory(settings.profile.name, { signal, timeoutMs: 120_000 })),
    attempt(() => ports.hypervisor.countUuid(vm.uuid, { signal, timeoutMs: 30_000 })),
  ])
  signal.throwIfAborted()
  const failures = [place.failure, guest.failure, sameUuid.failure].filter((failure) => failure !== undefined)
  if (place.value === undefined) return { findings: [...stored, ...failures] }
  const { host, source, storage } = place.value
  const lies = compareStorage(storage ?? notTold(source), disks.value ?? [notTold(vm.name, disks.failure)])
  const lying = placeFinding(repository.name, { host, source }, lies)
  if (guest.value === undefined || sameUuid.value === undefined) return { findings: [...stored, lying, ...failures] }
  const inventory = guest.value
  const sameMachine = proveSameMachine(vm, { uuid: inventory.uuid, macs: [] }, sameUuid.value)
  const findings = [
    ...stored,
    lying,
    helperFinding(ports, { sha256: inventory.sha256 ?? '' }),
    proofFinding(sameMachine, 'check the address of the guest and the id of the VM: they must be one machine'),
    ...(parts.includes('databases')
      ? [...databaseFindings(inventory), ...halfFindings(inventory.half, settings.name), ...tenantFindings(inventory)]
      : []),
    ...pathFindings(inventory, parts, settings.profile.backup),
  ]
  return { findings, inventory, place: { host, source, storage: lies.verdict }, sameMachine }
}

/** That a hypervisor does not answer this question keeps no backup from being made. */
function notTold(name: string, failure?: Finding): Storage {
  return { kind: 'unknown', name, why: failure?.message ?? `what ${name} lies on is not known` }
}

function databaseFindings(inventory: InventoryAnswer): readonly Finding[] {
  const { serverSilent, dumpProgram, databases, odd, loose } = inventory
  if (serverSilent !== null) {
    const message = `the server did not answer: ${serverSilent}`
    const hint = 'start it, or name other parts with --only'
    return [{ severity: 'refuse', code: 'server-silent', message, hint }]
  }
  const findings: Finding[] = []
  if (dumpProgram === null) {
    const message = 'neither mariadb-dump nor mysqldump is in the guest'
    const hint = "install the client programs of the server's own version, or name other parts with --only"
    findings.push({ severity: 'refuse', code: 'dump-missing', message, hint })
  }
  const unsayable = [...odd, ...databases.map(({ name }) => name).filter((name) => !isOneLine(name))]
  if (unsayable.length > 0) {
    const message = `databases whose names cannot be handed to the dump: ${unsayable.join(', ')}`
    findings.push({ severity: 'refuse', code: 'odd-database', message, hint: 'rename them, or leave databases out' })
  }
  if (databases.length === 0) {
    const message = 'the server has no database beside its own'
    findings.push({ severity: 'refuse', code: 'no-databases', message, hint: 'name other parts with --only' })
  }
  if (loose.length > 0) {
    const message = `${loose.length} tables are not transactional: ${looseNames(loose)}`
    const hint = 'convert them to InnoDB, or take the backup while nobody writes: their last changes are compared'
    findings.push({ severity: 'warn', code: 'tables-not-transactional', message, hint })
  }
  return findings
}

/** Enough of them to know which are meant. */
export function looseNames(loose: InventoryAnswer['loose']): string {
  const names = loose.slice(0, 5).map(({ database, table, engine }) => `${database}.${table} (${engine})`)
  return loose.length > 5 ? `${names.join(', ')} and ${loose.length - 5} more` : names.join(', ')
}
