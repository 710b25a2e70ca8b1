import type { Finding } from '../finding.ts'
import type { GuestHelper } from '../guest/guest-helper.ts'
import type { InventoryAnswer } from '../guest/protocol/answers.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Manifest } from '../repository/manifest.ts'
import { mendingFindings } from './half-restored.ts'
import { binlogFindings, startOf } from './judge-binlogs.ts'
import { type BackupRestorePlan, serverFindings } from './plan-backup-restore.ts'
import type { Ports, VmSettings } from './ports.ts'
import { helperFinding, proofFinding } from './preflight.ts'

export interface Seen {
  readonly vm: Vm
  readonly inventory: InventoryAnswer
  readonly findings: readonly Finding[]
}

export interface Load {
  readonly manifest: Manifest
  readonly plan: BackupRestorePlan
  readonly safety: boolean
  /** The changes since the backup are wanted, too. */
  readonly changes?: boolean
}

/** Looks at what a backup is about to be put into; changes nothing. */
export async function lookBeforeLoad(
  ports: Ports,
  { name, reference, profile }: VmSettings,
  helper: GuestHelper,
  { manifest, plan, safety, changes = false }: Load,
  signal: AbortSignal,
): Promise<Seen> {
  const call = { signal, timeoutMs: 30_000 }
  const vm = await ports.hypervisor.findVm(reference, call)
  const sameUuid = await ports.hypervisor.countUuid(vm.uuid, call)
  const inventory = await helper.inventory(profile.name, { signal, timeoutMs: 120_000 })
  const sameMachine = proveSameMachine(vm, { uuid: inventory.uuid, macs: [] }, sameUuid)
  const guest = [
    proofFinding(sameMachine, 'check the address of the guest and the id of the VM: they must be one machine'),
    helperFinding(ports, { sha256: inventory.sha256 ?? '' }),
  ]
  const log = changes ? await logFindings(helper, profile.name, manifest, { vm, signal }) : []
  const findings = [
    ...log,
    ...guest.filter(({ severity }) => severity !== 'ok'),
    ...serverFindings(taking(manifest, plan), inventory),
    ...accountFindings(plan, { safety, dumpable: inventory.databases.length > 0 }),
    ...mendingFindings(inventory.half, {
      ...{ vm: name, databases: plan.databases, safety },
      there: inventory.databases.map((database) => database.name),
    }),
  ]
  return { vm, inventory, findings }
}

/** Files are put beside what is there whatever the server is, also while it is down. */
function taking({ server }: Manifest, { databases, users }: BackupRestorePlan): Pick<Manifest, 'server'> {
  return { server: databases.length > 0 || users ? server : null }
}

/** Accounts are kept with a dump of databases, so that where nothing can be dumped they cannot be put back. */
function accountFindings(
  { users }: BackupRestorePlan,
  { safety, dumpable }: { safety: boolean; dumpable: boolean },
): readonly Finding[] {
  if (!users || !safety || dumpable) return []
  const message = 'the server has no database, so that its accounts cannot be dumped before they are set'
  const hint = 'say with --no-safety-snapshot that the accounts here may be replaced for good'
  return [{ severity: 'refuse', code: 'accounts-not-safe', message, hint }]
}

async function logFindings(
  helper: GuestHelper,
  profile: string,
  manifest: Manifest,
  { vm, signal }: { vm: Vm; signal: AbortSignal },
): Promise<readonly Finding[]> {
  const from = startOf(manifest)
  const call = { signal, timeoutMs: 120_000, machine: vm.uuid }
  return binlogFindings(manifest, from, await helper.binlogs(profile, [from.file, from.position], call))
}
