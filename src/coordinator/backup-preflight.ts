import type { Finding } from '../finding.ts'
import type { Proof } from '../grade/proof.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { Profile } from '../guest/profile.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import { isOneLine } from '../guest/stream-verb.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Part } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { placeFinding } from './copies-elsewhere.ts'
import type { Ports, VmSettings } from './ports.ts'
import { attempt, helperFinding, proofFinding } from './preflight.ts'

/** What a look before a backup saw. The rest is undefined where the look itself failed; a finding says why. */
export interface BackupPreflight {
  readonly findings: readonly Finding[]
  readonly inventory?: InventoryAnswer
  readonly sameMachine?: Proof
}

type Named = Profile['backup']

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
  const [stored, place, guest, sameUuid] = await Promise.all([
    repository.check({ signal, timeoutMs: 30_000 }),
    attempt(() => repository.place({ signal, timeoutMs: 30_000 })),
    attempt(() => helper.inventory(settings.profile.name, { signal, timeoutMs: 120_000 })),
    attempt(() => ports.hypervisor.countUuid(vm.uuid, { signal, timeoutMs: 30_000 })),
  ])
  signal.throwIfAborted()
  const failures = [place.failure, guest.failure, sameUuid.failure].filter((failure) => failure !== undefined)
  if (place.value === undefined) return { findings: [...stored, ...failures] }
  if (guest.value === undefined || sameUuid.value === undefined) return { findings: [...stored, ...failures] }
  const inventory = guest.value
  const sameMachine = proveSameMachine(vm, { uuid: inventory.uuid, macs: [] }, sameUuid.value)
  const findings = [
    ...stored,
    placeFinding(repository.name, place.value, settings.guest.host),
    helperFinding(ports, { sha256: inventory.sha256 ?? '' }),
    proofFinding(sameMachine, 'check the address of the guest and the id of the VM: they must be one machine'),
    ...(parts.includes('databases') ? databaseFindings(inventory) : []),
    ...fileFindings(inventory, parts),
    ...linkFindings(inventory, parts, settings.profile.backup),
  ]
  return { findings, inventory, sameMachine }
}

function databaseFindings({ databases, odd, loose }: InventoryAnswer): readonly Finding[] {
  const findings: Finding[] = []
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

function fileFindings({ gnuTar, files, configuration }: InventoryAnswer, parts: readonly Part[]): readonly Finding[] {
  const wanted = { files, configuration } as const
  const named = (['files', 'configuration'] as const).filter((part) => parts.includes(part))
  if (named.length > 0 && !gnuTar) {
    const message = 'the guest has no GNU tar: another one loses attributes'
    return [{ severity: 'refuse', code: 'tar-missing', message, hint: 'install it, or name other parts with --only' }]
  }
  return named
    .filter((part) => wanted[part].length === 0)
    .map((part): Finding => {
      const message = `none of the paths of ${part} is in the guest`
      const hint = 'name them under `profiles: NAME: backup:`, then run `stillshot guest install VM`'
      return { severity: parts.length === 1 ? 'refuse' : 'warn', code: `no-${part}`, message, hint }
    })
}

/** What the profile names must be there itself. Of what the helper looks for everywhere, a link may lead to another of it. */
function linkFindings(
  { files, configuration, links }: InventoryAnswer,
  parts: readonly Part[],
  named: Named,
): Finding[] {
  const wanted = { files, configuration } as const
  return (['files', 'configuration'] as const)
    .filter((part) => parts.includes(part))
    .flatMap((part) => links.filter((path) => wanted[part].includes(path)).map((path) => ({ part, path })))
    .map(({ part, path }) => {
      const message = `${path} is a link: the backup would hold it, and nothing of what it leads to`
      const hint = `name what \`readlink -f ${path}\` prints under \`profiles: NAME: backup:\`, then run \`stillshot guest install VM\``
      const severity = part === 'files' || named?.configuration.includes(path) ? 'refuse' : 'warn'
      return { severity, code: 'path-is-link', message, hint }
    })
}
