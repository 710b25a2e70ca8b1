import type { RestorePoint } from '../catalog/catalog.ts'
import { StillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import type { CloneRequest, Clones, KeptCopy } from '../hypervisor/clones.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import { snapshotName } from '../hypervisor/snapshot-name.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import { retry } from '../system/retry.ts'
import { ulid } from '../system/ulid.ts'
import { clonesOf } from './clones-of.ts'
import { checkCopyName } from './copy-name.ts'
import { CHECK_LIMIT_MS, checkClone, cloneOrFind } from './drill-steps.ts'
import { lookInsideCopy, type SeenInside, whyUnseen } from './look-inside-copy.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { checkSameVm, checkStillSame } from './restore-plan.ts'
import { choosePoint, type WantedPoint } from './restore-points.ts'
import { beginRun, failRun, finishRun, lockVm, type Run, unlockVm } from './run.ts'

/** In journal and catalog. */
export const RESTORE_AS = 'restore-as'

export interface CopyOrder extends WantedPoint {
  /** What the copy will be called. */
  readonly as: string
  readonly dryRun: boolean
  /** How long to wait for a run that has the VM; 0 unless given. */
  readonly waitMs?: number
  readonly signal: AbortSignal
}

export interface CopyReport extends SeenInside {
  readonly version: 1
  readonly run?: string
  readonly vm: string
  readonly as: string
  readonly point: RestorePoint
  readonly plan: readonly string[]
  readonly warnings: readonly Finding[]
  /** Null for a dry run. */
  readonly copy: KeptCopy | null
  /** How to get at the copy, for a person on the hypervisor. */
  readonly reach: string
  readonly totalMs: number
}

const KEEP_LIMIT_MS = 120_000
const LOOK_LIMIT_MS = 60_000

/**
 * Makes a copy of the VM as it was at a restore point, beside it, without a network card, and keeps it until somebody removes it. The
 * VM, in whatever state, stays as it is. Resolves once the copy is kept and was started, whatever its database then showed; rejects with
 * nothing made, or with a message that names the copy that is kept.
 */
export async function restoreAs(ports: Ports, settings: VmSettings, order: CopyOrder): Promise<CopyReport> {
  const { signal, as, waitMs = 0 } = order
  const { clock, randomness } = ports.system
  checkCopyName(as)
  const begunAt = clock.monotonic()
  const clones = clonesOf(ports.hypervisor)
  const vm = await ports.hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const chosen = await choosePoint(ports, settings, vm, order)
  checkSameVm(vm, chosen)
  const plan = copyPlan(vm, chosen, as, await whyUnseen(ports, vm))
  const draft = { version: 1, vm: settings.name, as, plan } as const
  if (order.dryRun) {
    const request = copyRequest(chosen, settings, snapshotName(ulid(clock, randomness)), as)
    const warnings = await look(ports, vm, { point: chosen, request, signal })
    return { ...draft, ...NOTHING_DONE, point: chosen, warnings, totalMs: Math.round(clock.monotonic() - begunAt) }
  }
  const run = await beginRun(ports, settings, RESTORE_AS)
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  let report: CopyReport
  let kept: KeptCopy | undefined
  try {
    await lockVm(ports, run, vm, CHECK_LIMIT_MS, { waitMs, signal })
    // Whoever had the VM until now may have taken the point away.
    const point = await choosePoint(ports, settings, vm, { signal, pointId: chosen.id })
    const request = copyRequest(point, settings, snapshotName(run.id), as)
    const warnings = await during('preflight', () => look(ports, vm, { point, request, signal }))
    const { copy, clone } = await during('clone', () => makeAndKeep(ports, run, { vm, request, as, signal }))
    kept = copy
    // The hypervisor keeps the snapshot under a copy that stands on it; whoever restores the VM itself need not wait for the copy's boot.
    await unlockVm(ports, run, vm)
    const seen = await lookInsideCopy(ports, settings, { point, copy: { ...clone, name: copy.name }, signal })
    const totalMs = Math.round(clock.monotonic() - begunAt)
    report = { ...draft, ...seen, run: run.id, point, warnings, copy, reach: clones.reach(copy), totalMs }
    await finishRun(ports, run, { point: point.id })
  } catch (thrown) {
    throw withKept(await failRun(ports, run, thrown), settings.name, kept)
  }
  return report
}

const NOTHING_DONE = { copy: null, reach: '', cameBack: null, findings: [], bootMs: 0, readyMs: 0 } as const

/** Until it is kept it has a name that only this run uses, and goes with it. */
async function makeAndKeep(
  ports: Ports,
  run: Run,
  { vm, request, as, signal }: { vm: Vm; request: CloneRequest; as: string; signal: AbortSignal },
): Promise<{ copy: KeptCopy; clone: Vm }> {
  const clones = clonesOf(ports.hypervisor)
  const { clock } = ports.system
  const clone = await run.saga.step({ step: 'create-clone', undo: settleCopy(ports, vm, request.name, as) }, () =>
    cloneOrFind(clones, vm, request, { clock, signal }),
  )
  const copy = await run.saga.step(
    { step: 'keep-copy' },
    () => keep(ports, clones, { vm, name: request.name, as, signal }),
    {
      // Nobody takes back what is kept: from here on it is its owner's.
      settles: ['create-clone'],
      facts: ({ nativeId, name }) => ({ nativeId, name }),
    },
  )
  return { copy, clone }
}

async function keep(
  { system }: Ports,
  clones: Clones,
  { vm, name, as, signal }: { vm: Vm; name: string; as: string; signal: AbortSignal },
): Promise<KeptCopy> {
  const { clock } = system
  const limits = { clock, signal, pauseMs: 2_000, limitMs: KEEP_LIMIT_MS, when: isWorthAnotherTry }
  await retry(() => clones.keep(vm, name, as, { signal, timeoutMs: KEEP_LIMIT_MS }), limits)
  return retry(
    async () => {
      const kept = (await clones.listKept({ signal, timeoutMs: LOOK_LIMIT_MS })).find(({ id }) => id === name)
      if (kept !== undefined) return kept
      throw new StillshotError('answer-lost', `the copy ${as} of ${vm.name} is not there`)
    },
    { ...limits, limitMs: LOOK_LIMIT_MS },
  )
}

/** The way back of a copy that is not kept is its end; one that is kept is named. */
function settleCopy({ hypervisor }: Ports, vm: Vm, name: string, as: string): UndoRecord {
  const byHand = hypervisor.byHand(vm, 'remove-copy', name)
  return { action: 'settle-copy', args: { clone: name, as }, urgent: false, timeoutMs: 600_000, byHand }
}

function copyRequest({ snapshot }: RestorePoint, { drill }: VmSettings, name: string, as: string): CloneRequest {
  const { memoryBytes } = drill ?? {}
  return { snapshotName: snapshot, name, as, ...(memoryBytes === undefined ? {} : { memoryBytes }) }
}

/** Rejects with everything that speaks against the copy; resolves with what is worth telling. */
async function look(
  ports: Ports,
  vm: Vm,
  { point, request, signal }: { point: RestorePoint; request: CloneRequest; signal: AbortSignal },
): Promise<readonly Finding[]> {
  await checkStillSame(ports, vm, point, signal)
  return (await checkClone(ports, vm, request, signal)).filter(({ severity }) => severity === 'warn')
}

/** What ends the run once the copy is kept ends the look at it, and no more. */
function withKept(error: StillshotError, vm: string, kept: KeptCopy | undefined): StillshotError {
  if (kept === undefined) return error
  const { code, message, details } = error
  const remove = `\`stillshot restore ${vm} --remove-copy ${kept.name}\` removes it`
  const options = { cause: error, details: { ...details, copy: kept }, hint: remove }
  return new StillshotError(code, `${message}; the copy ${kept.name} is kept`, options)
}

/** What will be done, in order. */
function copyPlan(vm: Vm, point: RestorePoint, as: string, unseen: string | undefined): readonly string[] {
  return [
    `make a copy of ${vm.name} as it was at ${point.snapshot} (${point.grade}, ${point.createdAt}), without a network card`,
    `call it ${as} and keep it until somebody removes it; ${vm.name} itself stays as it is`,
    unseen === undefined
      ? 'start it, and see by the hypervisor’s agent in the guest that its database is up'
      : `start it; nobody can look inside it: ${unseen}`,
  ]
}
