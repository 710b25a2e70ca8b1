import type { RestorePoint } from '../../src/catalog/catalog.ts'
import { isSettled } from '../../src/saga/journal-event.ts'
import type { Cell } from './cell.ts'
import type { GroundCopy } from './ground.ts'
import type { InGuest } from './in-guest.ts'
import { findLeaks } from './leaks.ts'
import type { Played } from './play.ts'
import { RESCUE, restoreAs } from './procedures/restore-as.ts'
import type { Scene } from './scene.ts'
import type { Told } from './told.ts'
import { readJournals } from './wait-for-boundary.ts'
import type { Downtime, Sighting } from './watch.ts'

/** How much later than the truth the observer's word may be seen outside, on a busy machine. */
const SEEN_LATE_MS = 2_000
/** Before and after the hypervisor's point in time: the observer's word is on its way for some hundredths of a second. */
const BEFORE_MS = 50
const AFTER_MS = 150

export interface Judgement {
  readonly broken: readonly string[]
  readonly grades: readonly string[]
  readonly outageMs: number
  readonly longestMs: number
}

/** Holds what was seen against the promises; looks at guest, hypervisor and state itself, and believes nobody. */
export async function judge(scene: Scene, cell: Cell, played: Played): Promise<Judgement> {
  const downtimes = scene.watch.downtimes(played.begunMs, played.endedMs)
  const points = (
    await Promise.all([scene.cli, scene.other].map((cli) => scene.catalog((catalog) => catalog.points(), cli)))
  ).flat()
  const broken = [
    ...(played.hung ? ['stillshot did not end'] : []),
    ...(played.back === true ? [] : [`the database is not back: ${played.back}`]),
    ...downtimes.flatMap((downtime) => tooLong(downtime, cell, played, scene.watch.sightings, scene.ttlMs)),
    ...(await falseGrades(scene, cell, points)),
    ...(await orphans(scene, points)),
    ...(await copiesLeft(scene, cell)),
    ...(await stillOpen(scene)),
    ...notRecovered(played.recovered),
    ...leftInGuest(played.before, played.after),
    ...played.looked,
    ...scene.told.flatMap(badlyTold),
    ...(await findLeaks(scene, played.after, played.processes)).map((place) => `the canary is in: ${place}`),
  ]
  const lengths = downtimes.map(({ fromMs, toMs }) => Math.round(toMs - fromMs))
  return {
    broken,
    grades: points.map(({ grade }) => grade),
    outageMs: lengths.reduce((sum, ms) => sum + ms, 0),
    longestMs: Math.max(0, ...lengths),
  }
}

/** Promise 1: back within the time to live, of a guest that was reset counted from its boot. Pure. */
export function tooLong(
  { fromMs, toMs }: Downtime,
  { fault }: Pick<Cell, 'fault'>,
  { liftedMs }: Pick<Played, 'liftedMs'>,
  sightings: readonly Sighting[],
  ttlMs: number,
): readonly string[] {
  const rebooted = sightings.findLast(
    ({ atMs, boot }, index) => atMs >= fromMs && atMs <= toMs && index > 0 && boot !== sightings[index - 1]?.boot,
  )
  const counted = Math.max(fromMs, rebooted?.atMs ?? 0, fault.hinders ? (liftedMs ?? 0) : 0)
  const lateMs = Math.round(toMs - counted - ttlMs - SEEN_LATE_MS)
  return lateMs <= 0 ? [] : [`down ${lateMs} ms beyond the time to live`]
}

/** Promise 2: where a point says `db-stopped`, no server ran when the hypervisor took its disks. */
async function falseGrades(
  scene: Scene,
  { procedure }: Pick<Cell, 'procedure'>,
  points: readonly RestorePoint[],
): Promise<readonly string[]> {
  const found: string[] = []
  for (const point of points.filter(({ grade }) => grade === 'db-stopped')) {
    const { snapshot, grade } = point
    const atMs = procedure.pointInTimeMs?.(scene, point) ?? (await scene.ground.pointInTimeMs(snapshot))
    if (atMs === undefined) found.push(`nothing of ${snapshot} was found to check its grade`)
    else {
      const seen = statesAround(scene.watch.sightings, atMs)
      if (seen.length === 0 || seen.some((state) => state !== 'gone')) {
        found.push(`false ${grade}: at the point in time the server was seen ${seen.join(', ') || 'by nobody'}`)
      }
    }
  }
  return found
}

/** What was seen last before the moment, and until shortly after it. Pure. */
export function statesAround(sightings: readonly Sighting[], atMs: number): readonly string[] {
  const before = sightings.findLast((sighting) => sighting.atMs <= atMs - BEFORE_MS)
  const around = sightings.filter((sighting) => sighting.atMs > atMs - BEFORE_MS && sighting.atMs < atMs + AFTER_MS)
  return [...(before === undefined ? [] : [before]), ...around].map(({ state }) => state)
}

/** Promise 3: every snapshot of ours has its point, and both say the same grade. */
async function orphans(scene: Scene, points: readonly RestorePoint[]): Promise<readonly string[]> {
  const snapshots = (await scene.ground.snapshots()).filter(({ name }) => name.startsWith('stillshot-'))
  const found = points
    .filter(({ kind }) => kind === 'snapshot' || kind === 'safety')
    .filter(({ snapshot }) => !snapshots.some(({ name }) => name === snapshot))
    .map(({ snapshot }) => `the point ${snapshot} has no snapshot`)
  for (const { name, text } of snapshots) {
    const point = points.find(({ snapshot }) => snapshot === name)
    const [, written = 'none'] = /grade=([a-z-]+)/.exec(text) ?? []
    if (point === undefined) found.push(`orphan: ${name} (${written}) has no point`)
    else if (point.grade !== written) found.push(`${name} says ${written}, its point ${point.grade}`)
  }
  return found
}

/** A copy does not outlive its run, unless it is kept; one that was told of is. */
async function copiesLeft({ ground, told }: Scene, { procedure }: Pick<Cell, 'procedure'>): Promise<readonly string[]> {
  const copies = await ground.copies()
  const isRescue = ({ name, kept }: GroundCopy) => procedure === restoreAs && name === RESCUE && kept
  const found = copies.filter((copy) => !isRescue(copy)).map(({ name }) => `the copy ${name} is left`)
  const wasTold = procedure === restoreAs && [0, 58].includes(told[0]?.status ?? -1)
  return wasTold && !copies.some(isRescue) ? [...found, `the copy ${RESCUE} was told of, and is not there`] : found
}

async function stillOpen(scene: Scene): Promise<readonly string[]> {
  const found: string[] = []
  for (const cli of [scene.cli, scene.other]) {
    const locks = await scene.catalog((catalog) => catalog.locks(), cli)
    const holds = await scene.catalog((catalog) => catalog.holds({ open: true }), cli)
    found.push(...locks.map(({ procedure, run }) => `the lock of ${procedure} ${run} is left`))
    found.push(...holds.map(({ id }) => `the hold ${id} is left open`))
    for (const events of await readJournals(cli.stateDirectory)) {
      if (events.length > 0 && !isSettled(events)) found.push(`a run is open: ${JSON.stringify(events.at(-1))}`)
    }
  }
  return found
}

/** `recover` succeeds, and a second one finds nothing. Pure. */
export function notRecovered([first, second]: readonly Told[]): readonly string[] {
  const found = first?.status === 0 ? [] : [`recover ended with ${first?.status}: ${first?.output.slice(0, 500)}`]
  const { settled, holds, locks } = second?.document ?? {}
  if (second?.status !== 0 || JSON.stringify([settled, holds, locks]) !== '[[],[],[]]') {
    found.push(`a second recover found: ${second?.output.slice(0, 500)}`)
  }
  return found
}

/** The guest is as it was, and nothing of stillshot is at work in it. Pure. */
export function leftInGuest(before: InGuest, after: InGuest): readonly string[] {
  const found = after.leftUnits.map((unit) => `left in the guest: ${unit}`)
  if (after.enabled !== before.enabled) found.push(`mariadb is ${after.enabled}, was ${before.enabled}`)
  if (after.active !== 'active') found.push(`mariadb is ${after.active}`)
  if (after.settings !== before.settings) found.push(`settings are ${after.settings}, were ${before.settings}`)
  if (after.application !== before.application) {
    found.push(`the application is ${after.application}, was ${before.application}`)
  }
  if (after.rows !== '1') found.push(`the rows are not there: ${after.rows}`)
  return found
}

/** Whoever ends by itself says one document, and no failure is a defect. */
export function badlyTold({
  command,
  status,
  signal,
  document,
  code,
  message,
  points,
  output,
}: Told): readonly string[] {
  if (signal !== null) return []
  if (document === undefined) return [`${command} printed no document: ${output.slice(-300)}`]
  if (status === 1 || code === 'defect') return [`${command} called it a defect: ${message}`]
  if (status !== 0 && code === undefined && points.length === 0 && command !== 'recover') {
    return [`${command} ended with ${status} and did not say why`]
  }
  return []
}
