import type { DrillRecord, RestorePoint } from '../catalog/catalog.ts'
import { StillshotError, toStillshotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { GuestHelper } from '../guest/guest-helper.ts'
import type { GuestShells } from '../guest/guest-shell.ts'
import type { CloneRequest, Clones } from '../hypervisor/clones.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { UndoRecord } from '../saga/journal-event.ts'
import type { Clock } from '../system/clock.ts'
import { retry } from '../system/retry.ts'
import { awaitComeBack } from './await-come-back.ts'
import { clonesOf } from './clones-of.ts'
import { halfInCopy } from './half-in-copy.ts'
import { type DrillSeen, holdOf, markerPaths } from './judge-drill.ts'
import { isOwn } from './own-points.ts'
import { isWorthAnotherTry } from './passing.ts'
import { phase } from './phase.ts'
import type { Phase, Ports, VmSettings } from './ports.ts'
import { awaitBoot, proveRestoredMachine } from './restore-steps.ts'
import type { Run } from './run.ts'
import { label } from './snapshot-steps.ts'

/** A full copy of large disks takes hours. */
const CLONE_LIMIT_MS = 6 * 3_600_000
const LOOK_FOR_MS = 60_000
const LOGIN_LIMIT_MS = 30_000
const BOOT_LIMIT_MS = 900_000
const READY_LIMIT_MS = 600_000
const POWER_ON_LIMIT_MS = 120_000
/** Where nothing else is said. */
export const CHECK_LIMIT_MS = 3_600_000
/** How many drills of a point are remembered. */
const REMEMBERED = 10

/** The way back from a copy: there is none. */
export function removeClone({ hypervisor }: Ports, vm: Vm, name: string): UndoRecord {
  const byHand = hypervisor.byHand(vm, 'remove-copy', name)
  return { action: 'remove-clone', args: { clone: name }, urgent: false, timeoutMs: 600_000, byHand }
}

/** Rejects with everything that speaks against making the copy now; resolves with the rest. Changes nothing. */
export async function checkDrill(
  ports: Pick<Ports, 'hypervisor' | 'agentShells'>,
  vm: Vm,
  request: CloneRequest,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { hypervisor, agentShells } = ports
  const canRun = hypervisor.guestAgent?.exec !== undefined || hypervisor.guestPrograms !== undefined
  if (!canRun || agentShells === undefined) {
    throw new StillshotError(
      'not-supported',
      `no program can be run in a guest of ${hypervisor.name} without a network`,
    )
  }
  await checkLogin(await agentShells(vm), vm, signal)
  return checkClone(ports, vm, request, signal)
}

/** The same of a copy that nobody needs to look into. */
export async function checkClone(
  { hypervisor }: Pick<Ports, 'hypervisor'>,
  vm: Vm,
  request: CloneRequest,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = await clonesOf(hypervisor).check(vm, request, { signal, timeoutMs: LOOK_FOR_MS })
  const refusing = findings.filter(({ severity }) => severity === 'refuse')
  const [first] = refusing
  if (first === undefined) return findings
  throw new StillshotError(first.error ?? 'preflight-refused', refusing.map(({ message }) => message).join('; '), {
    hint: refusing.map(({ hint }) => hint).join('; '),
    details: { findings: refusing },
  })
}

/** A wrong login would be waited for as long as a guest that boots. One that cannot be tried now is no reason to try no copy. */
async function checkLogin(shells: GuestShells, vm: Vm, signal: AbortSignal): Promise<void> {
  if (shells.user === undefined || vm.power !== 'running') return
  const target = { vm: vm.name, host: `agent of ${vm.name}`, port: 0, user: shells.user }
  try {
    await (await shells.open(target, { signal, timeoutMs: LOGIN_LIMIT_MS })).close()
  } catch (thrown) {
    if (toStillshotError(thrown).code !== 'guest-unreachable') throw thrown
  }
}

/** Makes the copy, once; a lost answer is settled by looking. */
export async function cloneOrFind(
  clones: Clones,
  vm: Vm,
  request: CloneRequest,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Vm> {
  let lost: unknown
  await clones.create(vm, request, { signal, timeoutMs: CLONE_LIMIT_MS }).catch((thrown) => {
    if (!['answer-lost', 'hypervisor-unreachable'].includes(toStillshotError(thrown).code)) throw thrown
    lost = thrown
  })
  const look = async () => {
    const found = await clones.find(vm, request.name, { signal, timeoutMs: LOOK_FOR_MS })
    if (found !== undefined) return found
    throw new StillshotError('answer-lost', `the copy ${request.name} of ${vm.name} is not there`, { cause: lost })
  }
  const when = (error: unknown) => toStillshotError(error).code !== 'cancelled'
  return retry(look, { clock, signal, pauseMs: 1_000, limitMs: lost === undefined ? 0 : LOOK_FOR_MS, when })
}

export interface Examined extends DrillSeen {
  readonly bootMs: number
  readonly readyMs: number
  readonly checkMs: number
}

/**
 * Boots the copy and looks at it through its agent. What cannot be seen is told, not thrown: it says nothing about the data.
 * Rejects when cancelled only.
 */
export async function examineClone(
  ports: Ports,
  run: Run,
  settings: VmSettings,
  { point, clone, signal }: { point: RestorePoint; clone: Vm; signal: AbortSignal },
): Promise<Examined> {
  const { clock } = ports.system
  const { application, hypervisor } = ports
  const during = <T>(name: Phase, work: () => Promise<T>) => phase(ports, settings.name, name, work)
  const times = { bootMs: 0, readyMs: 0, checkMs: 0 }
  const lap = stopwatch(clock)
  let seen: DrillSeen = { data: [] }
  let helper: GuestHelper | undefined
  try {
    helper = await openCloneHelper(ports, settings, clone)
    const within = { helper }
    await during('boot', async () => {
      const start = () => hypervisor.powerOn(clone, { signal, timeoutMs: POWER_ON_LIMIT_MS })
      await retry(start, { clock, signal, pauseMs: 2_000, limitMs: POWER_ON_LIMIT_MS, when: isWorthAnotherTry })
      await awaitBoot(ports, within, settings, { signal, limitMs: BOOT_LIMIT_MS })
    })
    times.bootMs = lap()
    // A log that says nothing of recovery will not say more by waiting: it is judged from the last answer.
    const want = { profile: settings.profile.name, claims: ['came-back'] as const, limitMs: READY_LIMIT_MS }
    const cameBack = await during('come-back', () => awaitComeBack({ application, ...within, clock }, want, signal))
    times.readyMs = lap()
    const { answer } = cameBack
    const half = await halfInCopy(helper, clone, signal)
    const data = [...application.judgeData(holdOf(point), answer), ...half]
    seen = { cameBack, machine: proveRestoredMachine(clone, answer), data }
    const asked = await during('examine', () => ask(within.helper, run, settings, { point, clone, signal }))
    seen = { ...seen, answer: asked }
    times.checkMs = lap()
  } catch (thrown) {
    signal.throwIfAborted()
    seen = { ...seen, error: toStillshotError(thrown) }
  } finally {
    await helper?.close()
  }
  return { ...seen, ...times }
}

function ask(
  helper: GuestHelper,
  run: Run,
  { profile, drill }: VmSettings,
  { point, clone, signal }: { point: RestorePoint; clone: Vm; signal: AbortSignal },
) {
  const { assertions = [], limitMs = CHECK_LIMIT_MS } = drill ?? {}
  const orders = { markers: markerPaths(point), assertions, limitMs }
  return helper.drill(profile.name, run.id, orders, { signal, machine: clone.uuid, timeoutMs: limitMs + 120_000 })
}

/** The agent works as root, or as the account that the configuration names; no network is needed. */
export async function openCloneHelper(
  { agentShells, system }: Ports,
  { guest, databasePassword }: VmSettings,
  clone: Vm,
): Promise<GuestHelper> {
  if (agentShells === undefined) throw new StillshotError('not-supported', 'nobody made a way in by the agent')
  const shells = await agentShells(clone)
  return new GuestHelper({
    shells,
    target: { ...guest, user: shells.user ?? 'root', host: `agent of ${clone.name}` },
    clock: system.clock,
    ...(databasePassword === undefined ? {} : { databasePassword }),
  })
}

/** Whole milliseconds since the last call. */
function stopwatch(clock: Clock): () => number {
  let last = clock.monotonic()
  return () => {
    const now = clock.monotonic()
    const passed = Math.round(now - last)
    last = now
    return passed
  }
}

/**
 * Keeps what the drill showed with the point as it is by now: others may have written on it meanwhile. One that failed takes the grade down to `suspect`, on the snapshot as well
 * where it is ours.
 */
export async function recordDrill(
  ports: Ports,
  run: Run,
  { vm, point }: { vm: Vm; point: RestorePoint },
  drill: DrillRecord,
): Promise<RestorePoint> {
  const now = await ports.catalog.point(point.id)
  const drills = [...(now?.drills ?? []), drill].slice(-REMEMBERED)
  if (now === undefined) {
    ports.log.warn('the restore point was taken away while it was tried', { vm: point.vm, point: point.id })
    return { ...point, drills }
  }
  if (drill.result !== 'failed') {
    const kept = { ...now, drills }
    await ports.catalog.savePoint(kept)
    return kept
  }
  const failed = drill.reasons.map(({ message }) => message).join('; ')
  const reason = { code: 'drill-failed', message: `the drill of ${drill.at} found: ${failed}` }
  const reasons = [reason, ...now.reasons.filter(({ code }) => code !== reason.code)]
  const lowered: RestorePoint = { ...now, grade: 'suspect', reasons, drills }
  ports.log.error('a drill failed: the restore point is suspect', { vm: point.vm, point: point.id, found: failed })
  if (isOwn(lowered)) await label(ports, run, vm, lowered)
  else await ports.catalog.savePoint(lowered)
  return lowered
}
