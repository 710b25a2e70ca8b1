import { type RestorePoint, vmKey } from '../../src/catalog/catalog.ts'
import { formatDescription } from '../../src/grade/description.ts'
import { snapshotName } from '../../src/hypervisor/snapshot-name.ts'
import { formatInstant } from '../../src/system/instant.ts'
import { ulid } from '../../src/system/ulid.ts'
import { NO_FILES_WRITTEN } from './guest/files.ts'
import { STATE, VM, type World } from './world.ts'

const DAY_MS = 86_400_000
/** All of it that the promises read. */
const byOneHelper = (id: string) => ({
  ...{ version: 1, hold: { hold: id, sha256: 'helper' }, release: { sha256: 'helper' } },
})

/** Restore points of the days before, good and bad, in one host's catalog: what retention has to choose from. */
export function givePast(world: World): void {
  const { chance } = world
  const host = chance.pick(world.hosts)
  const key = chance.bytes(32)
  host.files.put(`${STATE}/description.key`, `${Buffer.from(key).toString('hex')}\n`)
  for (let day = chance.between(2, 6); day > 0; day -= 1) {
    const point = pointBefore(world, day * DAY_MS)
    host.catalog.points.set(point.id, point)
    const { id, run, vm, createdAt: at, grade } = point
    takeInThePast(world, point, formatDescription({ version: 1, grade, point: id, run, vm, at }, key))
  }
}

function pointBefore({ chance, clock, books }: World, agoMs: number): RestorePoint {
  const { nativeId, uuid } = books.state(VM)
  const atMs = clock.now() - agoMs
  const id = ulid({ now: () => atMs }, chance)
  const [grade, kind] = chance.pick([
    ['db-stopped', 'snapshot'],
    ['db-stopped', 'snapshot'],
    ['crash-only', 'snapshot'],
    ['suspect', 'snapshot'],
    ['crash-only', 'safety'],
    ['db-stopped', 'safety'],
  ] as const)
  return {
    ...{ version: 1, id, run: id, vm: VM, vmKey: vmKey({ hypervisor: books.name, nativeId, uuid }) },
    ...{ hypervisor: books.name, snapshot: snapshotName(id), createdAt: formatInstant(atMs) },
    ...{ kind, mode: 'stop', grade, reasons: [], evidence: byOneHelper(id) },
  }
}

function takeInThePast(
  world: World,
  { id, snapshot: name, createdAt, grade }: RestorePoint,
  description: string,
): void {
  const state = world.books.state(VM)
  const isGood = grade === 'db-stopped'
  const content = JSON.stringify({
    clean: isGood,
    writes: 1,
    marker: isGood ? `${id} boot-0` : null,
    kept: [],
    rows: 'old',
    half: null,
    loadedBy: null,
    ...NO_FILES_WRITTEN,
  })
  const parent = state.current === undefined ? {} : { parent: state.current }
  const snapshot = { name, description, createdAt, complete: true, disks: ['vda'], ...parent }
  state.snapshots.push({ snapshot, contents: new Map([['vda', content]]) })
  state.current = name
  world.truths.set(name, { stoppedAndSynced: isGood })
}
