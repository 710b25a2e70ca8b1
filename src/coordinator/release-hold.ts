import { type HoldRecord, type Outage, uuidOfVmKey } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Grade, Reason } from '../grade/grade.ts'
import { gradeEvidence } from '../grade/grade-evidence.ts'
import type { Proof } from '../grade/proof.ts'
import type { ReleaseAnswer } from '../guest/protocol/answers.ts'
import { readJournal } from '../saga/read-journal.ts'
import { parseInstant } from '../system/instant.ts'
import { proveHold } from './evidence.ts'
import { lookWhatCameBack, releaseGuest } from './guest-steps.ts'
import { type HeldFacts, needHold } from './hold.ts'
import { journalPath } from './journals.ts'
import { measureOutage } from './outage.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { beginRun, failRun, finishRun } from './run.ts'

export interface ReleaseReport {
  readonly version: 1
  readonly hold: string
  readonly vm: string
  readonly state: 'released' | 'expired'
  /** The grade that a snapshot has whose point in time lies between hold and release; only its maker knows that it does. */
  readonly grade: Grade
  readonly reasons: readonly Reason[]
  readonly proofs: readonly Proof[]
  readonly outage?: Outage
}

/**
 * Ends a hold: fence, start, come-back check, grade. Idempotent: of a hold that was released before, it answers what it
 * answered. Also settles a hold whose watchdog fired or whose guest rebooted. Rejects with `come-back-failed` and
 * `details.report` when the hold is over and the guest is not, or not known to be, as it was.
 */
export async function releaseHold(
  ports: Ports,
  settings: VmSettings,
  holdId: string,
  { signal }: { signal: AbortSignal },
): Promise<ReleaseReport> {
  const record = await needHold(ports, holdId)
  if (record.state !== 'held' && isReport(record.evidence)) return record.evidence
  signal.throwIfAborted()
  const run = await beginRun(ports, settings, 'release')
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let report: ReleaseReport
  let back: boolean
  try {
    const held = await readHeld(ports, record)
    const { clock } = ports.system
    let sentAt = clock.now()
    const onSent = () => {
      sentAt = clock.now()
    }
    const machine = held?.hold.uuid ?? uuidOfVmKey(record.vmKey)
    await run.saga.intend({ step: 'release' })
    const release = await during('release', () =>
      run.saga.act('release', () => releaseGuest(ports, { ...run, id: holdId }, settings, { machine, onSent })),
    )
    const cameBack =
      held === undefined
        ? undefined
        : await during('come-back', () => lookWhatCameBack(ports, { ...run, id: holdId }, settings, held))
    const snapshotMs = sentAt - (held?.answeredAt ?? parseInstant(record.heldAt))
    back = release.ok && (held === undefined || cameBack?.complete === true)
    report = makeReport(ports, record, { held, release, snapshotMs, cameBack: cameBack?.proofs ?? [] })
    await during('after', async () => {
      await ports.catalog.saveHold({ ...record, state: report.state, evidence: report })
      await ports.catalog.unlockVm(record.vmKey, holdId)
      await finishRun(ports, run)
    })
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
  if (!back) throw notBack(run.id, report)
  return report
}

function notBack(run: string, report: ReleaseReport): StillshotError {
  const failing = report.proofs.filter(({ claim, verdict }) => claim === 'came-back' && verdict !== 'proven')
  const why =
    failing.map(({ message }) => message).join('; ') || 'the guest did not say that everything is active again'
  const message = `hold ${report.hold} is over, and ${report.vm} is not back as it was: ${why}`
  return new StillshotError('come-back-failed', message, { details: { run, report } })
}

type Held = HeldFacts & { readonly answeredAt: number }

interface Released {
  readonly held: Held | undefined
  readonly release: ReleaseAnswer
  readonly snapshotMs: number
  readonly cameBack: readonly Proof[]
}

function makeReport(
  ports: Ports,
  record: HoldRecord,
  { held, release, snapshotMs, cameBack }: Released,
): ReleaseReport {
  const proofs =
    held === undefined ? [] : [...held.machine, ...proveHold(ports.application, held.probe, held.hold, release)]
  const inside: Proof = {
    claim: 'inside-hold',
    verdict: 'proven',
    code: 'for-snapshots-inside',
    message: 'counts for a snapshot whose point in time lies between hold and release',
  }
  const { grade, reasons } = gradeEvidence([...proofs, inside, ...cameBack])
  const outage =
    held &&
    measureOutage(held.hold, release, {
      holdAnsweredMs: 0,
      releaseSentMs: snapshotMs,
      releaseRepeated: false,
    })
  return {
    version: 1,
    hold: record.id,
    vm: record.vm,
    state: endedBefore(release) ? 'expired' : 'released',
    grade,
    reasons,
    proofs: [...proofs, ...cameBack],
    ...(outage === undefined ? {} : { outage }),
  }
}

/**
 * The watchdog, or a boot, ended the hold before the release came. A watchdog that fires while the release starts the
 * server, or that is gone, has ended nothing.
 */
function endedBefore({ fence }: ReleaseAnswer): boolean {
  if (fence === null) return true
  const { watchdog, expiredUptimeMs, takenUptimeMs } = fence
  return watchdog === 'fired' && (expiredUptimeMs === null || expiredUptimeMs <= takenUptimeMs)
}

/** What the hold's run wrote down when the guest had answered; undefined when it died before. */
async function readHeld({ system, stateDirectory }: Ports, { run }: HoldRecord): Promise<Held | undefined> {
  const events = await readJournal(system.files, journalPath(stateDirectory, run))
  for (const event of events) {
    if (event.event === 'done' && event.step === 'hold' && event.facts !== undefined) {
      return { ...(event.facts as unknown as HeldFacts), answeredAt: parseInstant(event.at) }
    }
  }
  return undefined
}

function isReport(evidence: unknown): evidence is ReleaseReport {
  return typeof evidence === 'object' && evidence !== null && 'hold' in evidence && 'grade' in evidence
}
