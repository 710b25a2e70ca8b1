import { type RestorePoint, vmKey } from '../catalog/catalog.ts'
import type { Grade, Reason } from '../grade/grade.ts'
import type { Vm } from '../hypervisor/hypervisor.ts'
import type { Clock } from '../system/clock.ts'
import { formatInstant } from '../system/instant.ts'
import { heldIn } from './expected-marker.ts'
import { type ForeignCopies, type ForeignCopy, foreignCopies } from './foreign-copies.ts'
import { type FreezeFacts, foreignPoint, holdOfFreeze } from './judge-freeze.ts'
import { type KeptCall, type KeptFreeze, readKeptFreezes, type UnreadableFreeze } from './kept-freezes.ts'
import { type Match, matchFreeze, SETTLED_AFTER_MS } from './match-freeze.ts'
import { type OwnWork, ownWork, unlessOurs } from './own-work.ts'
import type { Ports, VmSettings } from './ports.ts'
import { beginRun, failRun, finishRun, openHelper, type Run } from './run.ts'

export interface CollectReport {
  readonly version: 1
  readonly vm: string
  readonly freezes: readonly CollectedFreeze[]
}

export interface CollectedFreeze {
  readonly id: string
  /**
   * `point`: somebody else's snapshot or backup is a restore point now. `hold`: there is none; kept as a hold that is over.
   * `waits`: it stays in the guest, because it may still be coming. `unreadable`: forgotten.
   */
  readonly outcome: 'point' | 'hold' | 'waits' | 'unreadable'
  readonly message: string
  readonly source?: string
  readonly snapshot?: string
  readonly grade?: Grade
  readonly reasons?: readonly Reason[]
}

/**
 * Takes over what freezes from inside left in the guest: evidence around other people's snapshots and backups becomes
 * their restore points. What is in the catalog is forgotten in the guest, never earlier. May be repeated: the same again changes nothing.
 */
export async function collectFreezes(
  ports: Ports,
  settings: VmSettings,
  {
    signal,
    wait = false,
  }: { signal: AbortSignal /** Until the newest can be judged: some seconds. */; wait?: boolean },
): Promise<CollectReport> {
  const none: CollectReport = { version: 1, vm: settings.name, freezes: [] }
  const helper = openHelper(ports, settings)
  const ids = await helper
    .kept(undefined, { signal, timeoutMs: 30_000 })
    .then(({ freezes }) => freezes)
    .finally(() => helper.close())
  if (ids.length === 0) {
    await lookForGone(ports, settings, signal)
    return none
  }
  const run = await beginRun(ports, settings, 'collect')
  try {
    const freezes = await collect(ports, settings, { run, ids, signal, wait })
    await finishRun(ports, run)
    return { ...none, freezes }
  } catch (thrown) {
    throw await failRun(ports, run, thrown)
  }
}

interface Collecting {
  readonly run: Run
  readonly ids: readonly string[]
  readonly signal: AbortSignal
  readonly wait: boolean
}

async function collect(
  ports: Ports,
  settings: VmSettings,
  { run, ids, signal, wait }: Collecting,
): Promise<readonly CollectedFreeze[]> {
  const { hypervisor, system } = ports
  const { clock } = system
  const vm = await hypervisor.findVm(settings.reference, { signal, timeoutMs: 30_000 })
  const call = { signal, timeoutMs: 30_000, machine: vm.uuid }
  const freezes = await readKeptFreezes(run.helper, clock, ids, call)
  const readable = freezes.filter(isReadable)
  if (wait) await untilSettled(ports, readable, signal)
  const own = await ownWork(ports, settings, vm)
  const windows = readable.map(({ window }) => window)
  const foreign = await foreignCopies(ports, vm, windows, signal)
  const now = await keptNow(run, clock, ids, call)
  const others = [...readable, ...now.later]
  const sameUuid = await hypervisor.countUuid(vm.uuid, { signal, timeoutMs: 30_000 })
  const facts = { application: ports.application, settings, vm, sameUuid, run: run.id }
  await dropGone(ports, vm, foreign.copies)
  const collected: CollectedFreeze[] = []
  for (const freeze of freezes.filter(({ id }) => now.still.has(id))) {
    const seen = isReadable(freeze)
      ? ((await judgedBefore(ports, freeze)) ??
        judge(facts, freeze, { others, foreign, own, points: await pointsOf(ports, vm), nowMs: clock.now() }))
      : unreadable(freeze)
    if (seen.outcome !== 'waits') await takeOver(ports, run, seen, call)
    const { record: _, ...report } = seen
    collected.push(report)
  }
  return collected
}

/**
 * `later`: what was listed meanwhile may be of these; they are collected another time, and are neighbours already. `still`: the guest
 * has not taken back meanwhile what it kept, as it does when its agent could not freeze after all.
 */
async function keptNow({ helper }: Run, clock: Clock, ids: readonly string[], call: KeptCall) {
  const { freezes } = await helper.kept(undefined, call)
  const later = freezes.filter((id) => !ids.includes(id))
  return {
    later: (await readKeptFreezes(helper, clock, later, call)).filter(isReadable),
    still: new Set(freezes),
  }
}

/** Restore points of this VM that are other people's snapshots or backups. */
async function pointsOf({ catalog }: Ports, vm: Vm): Promise<readonly RestorePoint[]> {
  const key = vmKey(vm)
  return (await catalog.points()).filter(
    ({ vmKey: of, kind }) => of === key && (kind === 'foreign' || kind === 'backup'),
  )
}

/** Their snapshots go also where nothing was frozen since: the hypervisor is asked when there is a point to ask for. */
async function lookForGone(ports: Ports, { name, reference }: VmSettings, signal: AbortSignal): Promise<void> {
  const points = await ports.catalog.points({ vm: name })
  if (!points.some(({ kind }) => kind === 'foreign')) return
  const vm = await ports.hypervisor.findVm(reference, { signal, timeoutMs: 30_000 })
  const { copies } = await foreignCopies(ports, vm, [], signal)
  await dropGone(ports, vm, copies)
}

/** Other people's snapshots go when they like, and the next one may have the same name: a point is of one moment. */
async function dropGone(ports: Ports, vm: Vm, foreign: readonly ForeignCopy[]): Promise<void> {
  for (const point of await pointsOf(ports, vm)) {
    if (point.kind === 'foreign' && !foreign.some((snapshot) => isOf(point, snapshot)))
      await ports.catalog.removePoint(point.id)
  }
}

/** An archive's name has its time in it, and its point may be dated by whoever watched it being made. */
function isOf(point: RestorePoint, { kind, name, createdAt }: ForeignCopy): boolean {
  return point.snapshot === name && (kind === 'backup' || point.createdAt === createdAt)
}

/**
 * What is in the catalog already and was not forgotten, or came back with the guest's disks: it is not judged again, with
 * fewer neighbours than it had, and what was noted on it stays.
 */
async function judgedBefore({ catalog }: Ports, { id, source }: KeptFreeze): Promise<Judged | undefined> {
  const point = await catalog.point(id)
  if (point?.id === id) {
    const { snapshot, grade, reasons } = point
    return {
      id,
      source,
      outcome: 'point',
      message: `snapshot ${snapshot} is restore point ${id}`,
      snapshot,
      grade,
      reasons,
    }
  }
  const own = (await catalog.points()).find((each) => each.mode === 'freeze' && heldIn(each.evidence) === id)
  if (own !== undefined) {
    const { snapshot, grade, reasons } = own
    return { id, source, outcome: 'point', message: `it was for restore point ${own.id}`, snapshot, grade, reasons }
  }
  const held = await catalog.hold(id)
  return held && { id, source, outcome: 'hold', message: 'it is in the catalog already' }
}

/** The catalog has it before the guest forgets it. */
async function takeOver(
  { catalog }: Ports,
  run: Run,
  { id, record }: Judged,
  call: Parameters<Run['helper']['forget']>[1],
): Promise<void> {
  await run.saga.step({ step: `collect ${id}` }, async () => {
    if (record === undefined) return
    await ('grade' in record ? catalog.savePoint(record) : catalog.saveHold(record))
  })
  await run.saga.step({ step: `forget ${id}` }, () => run.helper.forget(id, call))
}

type Judged = CollectedFreeze & { readonly record?: RestorePoint | ReturnType<typeof holdOfFreeze> }

interface Surroundings {
  readonly others: readonly KeptFreeze[]
  readonly foreign: ForeignCopies
  readonly own: OwnWork
  readonly points: readonly RestorePoint[]
  readonly nowMs: number
}

function judge(facts: FreezeFacts, freeze: KeptFreeze, { others, foreign, own, points, nowMs }: Surroundings): Judged {
  const { id, source, window } = freeze
  const about = { id, source }
  const ageMs = nowMs - window.releasedMs
  const windows = others.filter((other) => other !== freeze).map((other) => other.window)
  const match = unlessOurs(matchFreeze(window, windows, foreign.copies), window, own)
  const incomplete = match.copies.some(({ complete }) => !complete)
  const [copy] = match.copies
  if (own.lockedBy !== undefined) return { ...about, outcome: 'waits', message: `run ${own.lockedBy} has the VM` }
  if (ageMs < SETTLED_AFTER_MS) return { ...about, outcome: 'waits', message: 'it has only just ended' }
  if (incomplete || (copy === undefined && ageMs < foreign.listedAfterMs)) {
    return { ...about, outcome: 'waits', message: 'no snapshot or backup of that time is complete yet' }
  }
  if (copy === undefined || match.copies.length > 1) return asHold(facts, freeze, match)
  const earlier = points.find((point) => isOf(point, copy))
  if (earlier !== undefined) {
    return { ...about, outcome: 'hold', message: `${copy.name} is restore point ${earlier.id} already` }
  }
  const record = foreignPoint(facts, freeze, match, copy)
  const { grade, reasons } = record
  const message = `${copy.kind === 'backup' ? 'backup' : 'snapshot'} ${copy.name} is restore point ${id}`
  return { ...about, outcome: 'point', message, snapshot: copy.name, grade, reasons, record }
}

function asHold(facts: FreezeFacts, freeze: KeptFreeze, { copies, why }: Match<ForeignCopy>): Judged {
  const record = holdOfFreeze(facts, freeze)
  const { grade, reasons } = record.evidence
  const { heldMs, releasedMs } = freeze.window
  const when = `from ${formatInstant(heldMs)} to ${formatInstant(releasedMs)}`
  const names = copies.map(({ name }) => name).join(', ')
  const message =
    copies.length === 0
      ? `no snapshot was begun at that time; a backup whose point in time lies ${when} has this grade`
      : `${why ?? 'it is ambiguous'}: ${names}; none of them is graded`
  const { id, source } = freeze
  return { id, source, outcome: 'hold', message, grade, reasons, record }
}

function unreadable({ id, problem }: UnreadableFreeze): Judged {
  return { id, outcome: 'unreadable', message: problem }
}

function isReadable(freeze: KeptFreeze | UnreadableFreeze): freeze is KeptFreeze {
  return 'window' in freeze
}

async function untilSettled({ system }: Ports, freezes: readonly KeptFreeze[], signal: AbortSignal): Promise<void> {
  const { clock } = system
  const newest = Math.max(0, ...freezes.map(({ window }) => window.releasedMs))
  const leftMs = Math.min(newest + SETTLED_AFTER_MS - clock.now(), SETTLED_AFTER_MS)
  if (leftMs > 0) await clock.sleep(leftMs, signal)
}
