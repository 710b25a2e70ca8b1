import { type HoldRecord, type RestorePoint, vmKey } from '../catalog/catalog.ts'
import { gradeEvidence } from '../grade/grade-evidence.ts'
import type { Proof } from '../grade/proof.ts'
import type { Application } from '../guest/application.ts'
import { proveCoverage, withSnapshotDisks } from '../guest/coverage.ts'
import { proveSameMachine } from '../guest/same-machine.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { formatInstant } from '../system/instant.ts'
import { proveHold } from './evidence.ts'
import type { ForeignCopy } from './foreign-copies.ts'
import type { KeptFreeze } from './kept-freezes.ts'
import type { Match } from './match-freeze.ts'
import { measureOutage } from './outage.ts'
import type { VmSettings } from './ports.ts'
import type { ReleaseReport } from './release-hold.ts'
import type { BackupEvidence } from './unfinished-backup.ts'

/** What is known when a freeze is judged. */
export interface FreezeFacts {
  readonly application: Application
  readonly settings: VmSettings
  readonly vm: Vm
  /** How many VMs carry its SMBIOS UUID. */
  readonly sameUuid: number
  /** The run that collects. */
  readonly run: string
}

/** The restore point that somebody else's snapshot or backup is, by what the freeze around it showed. Pure. */
export function foreignPoint(
  facts: FreezeFacts,
  freeze: KeptFreeze,
  match: Match<ForeignCopy>,
  copy: ForeignCopy,
): RestorePoint {
  const { vm, settings, run } = facts
  const { id, source, window, hold, release, comeBack } = freeze
  const proofs = [...proveFreeze(facts, freeze, copy), proveInside(match, copy)]
  const backup: { backup?: BackupEvidence } = copy.kind === 'backup' ? { backup: { state: 'done' } } : {}
  return {
    version: 1,
    id,
    run,
    vm: settings.name,
    vmKey: vmKey(vm),
    hypervisor: vm.hypervisor,
    snapshot: copy.name,
    createdAt: copy.createdAt,
    kind: copy.kind,
    mode: 'stop',
    ...gradeEvidence(proofs),
    outage: outageOf(freeze),
    evidence: {
      version: 1,
      proofs,
      source,
      window: readable(window),
      hold,
      release,
      ...(comeBack && { comeBack }),
      ...backup,
    },
  }
}

/** A freeze without a snapshot, as a hold that is over: what it was for, only whoever made it knows. Pure. */
export function holdOfFreeze(facts: FreezeFacts, freeze: KeptFreeze): HoldRecord & { evidence: ReleaseReport } {
  const { vm, settings, run } = facts
  const { id, profile, window, hold, release } = freeze
  const proofs = proveFreeze(facts, freeze)
  const inside = insideOf(window)
  const state = release.fence?.watchdog === 'armed' ? 'released' : 'expired'
  const evidence: ReleaseReport = {
    version: 1,
    hold: id,
    vm: settings.name,
    state,
    ...gradeEvidence([...proofs, inside]),
    proofs: [...proofs, inside],
    outage: outageOf(freeze),
  }
  const heldAt = formatInstant(window.heldMs)
  return { id, run, vm: settings.name, vmKey: vmKey(vm), profile, heldAt, ttlMs: hold.ttlMs, state, evidence }
}

/** Of whatever it was for: only whoever made that knows its point in time. */
function insideOf({ heldMs, releasedMs, doubt }: KeptFreeze['window']): Proof {
  const claim = 'inside-hold'
  if (doubt !== undefined) return { claim, verdict: 'contradicted', code: 'freeze-ambiguous', message: doubt }
  const message = `counts for a backup whose point in time lies between ${formatInstant(heldMs)} and ${formatInstant(releasedMs)}`
  return { claim, verdict: 'proven', code: 'for-snapshots-inside', message }
}

/** The claims about the guest that a freeze from inside shows. Pure. */
export function proveFreeze(
  { application, settings, vm, sameUuid }: FreezeFacts,
  { probe, hold, release, comeBack }: KeptFreeze,
  snapshot?: Pick<ForeignCopy, 'disks'>,
): readonly Proof[] {
  const coverage = proveCoverage(probe, vm.disks, settings.disks)
  return [
    proveSameMachine(vm, probe, sameUuid),
    snapshot === undefined ? coverage.proof : withSnapshotDisks(coverage, snapshot.disks),
    ...proveHold(application, probe, hold, release),
    ...(comeBack === undefined ? [] : application.proveComeBack(probe, comeBack)),
  ]
}

function proveInside({ kind, why }: Match<ForeignCopy>, { kind: what, name, createdAt }: ForeignCopy): Proof {
  const claim = 'inside-hold'
  if (kind === 'one') {
    const message = `${name}, begun at ${createdAt}, is the only ${what === 'backup' ? 'backup' : 'snapshot'} that the guest can have been frozen for`
    return { claim, verdict: 'proven', code: 'frozen-for-it', message }
  }
  const message = `it is not certain that the guest was frozen for ${name}: ${why ?? 'no reason given'}`
  return { claim, verdict: 'contradicted', code: 'freeze-ambiguous', message }
}

/** By the guest's clock alone: nobody else was there. Pure. */
export function outageOf({ hold, release }: KeptFreeze) {
  return measureOutage(hold, release, { holdAnsweredMs: 0, releaseSentMs: 0, releaseRepeated: true })
}

/** Moments as people read them. Pure. */
export function readable({ calledMs, heldMs, releasedMs }: KeptFreeze['window']) {
  return {
    calledAt: formatInstant(calledMs),
    heldAt: formatInstant(heldMs),
    releasedAt: formatInstant(releasedMs),
  }
}
