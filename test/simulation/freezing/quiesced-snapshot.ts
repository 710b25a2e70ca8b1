import { forget } from '../../../adapters/hypervisors/fake/fake-vm.ts'
import type { Snapshot } from '../../../src/hypervisor/hypervisor.ts'
import { formatInstant, parseInstant } from '../../../src/system/instant.ts'
import { AGENT, VM, type World } from '../world.ts'
import type { FreezingJob } from './freezing-job.ts'

/** Longer than a snapshot may be older than the freeze that it asked for. */
const ALONE_MS = 13_000

/** Of the kind of Proxmox VE: begun, then frozen; a freeze that fails is a warning. The job of the night before goes first. */
export async function takeQuiescedSnapshot(world: World): Promise<void> {
  const { chance, clock, hypervisor, foreignSnapshots } = world
  await hypervisor.lockFor(VM, async () => {
    const job: FreezingJob = { killed: false, laterFails: false, snapshotFails: false, takesTwo: false }
    const name = chance.pick(['nightly', 'replica'])
    for (const old of [name, `${name}-2`]) if (foreignSnapshots.has(old)) remove(world, old)
    await untilAlone(world)
    world.freezing = job
    const frozenFirst = chance.happens(0.3)
    if (frozenFirst) await freeze(world, job)
    // Which freezes first dates to the millisecond, as vSphere does.
    const precisionMs = frozenFirst ? 1 : 1_000
    const begun = beginSnapshot(world, name, precisionMs)
    if (!frozenFirst) {
      await clock.sleep(chance.between(20, 2_000))
      await freeze(world, job)
    }
    await clock.sleep(chance.between(50, 2_000))
    if (job.snapshotFails) remove(world, name)
    else if (!job.killed) await endSnapshot(world, begun)
    if (job.takesTwo && !job.killed) await endSnapshot(world, beginSnapshot(world, `${name}-2`, precisionMs))
    await clock.sleep(chance.between(1, 300))
    if (!job.killed) await world.askAgent((freezes) => freezes.thaw(AGENT))
    // Somebody cleans up what is half made.
    const half = world.books.state(VM).snapshots.find(({ snapshot }) => snapshot.name === name && !snapshot.complete)
    if (half !== undefined) remove(world, name)
    world.freezing = undefined
  })
}

function remove(world: World, name: string): void {
  forget(world.books.state(VM), name)
  world.foreignSnapshots.delete(name)
  world.forgottenAtMs = world.clock.monotonic()
}

/** The hook of the agent, and then whatever else the agent freezes. */
function freeze(world: World, job: FreezingJob): Promise<void> {
  return world.askAgent(async (freezes) => {
    const frozen = await freezes.freeze(AGENT)
    world.timeline.say('agent', () => (frozen ? 'frozen' : 'not frozen'))
    if (frozen && job.laterFails) await freezes.thaw(AGENT)
  })
}

/** Hypervisors date a snapshot when they begin it, many in whole seconds. */
function beginSnapshot({ books, clock, foreignSnapshots }: World, name: string, precisionMs: number): Snapshot {
  const state = books.state(VM)
  const createdAt = formatInstant(Math.floor(clock.now() / precisionMs) * precisionMs)
  const parent = state.current === undefined ? {} : { parent: state.current }
  const begun = { name, description: 'nightly', createdAt, complete: false, disks: ['vda'], ...parent }
  foreignSnapshots.add(name)
  state.snapshots = [...state.snapshots, { snapshot: begun, contents: new Map() }]
  return begun
}

async function endSnapshot(world: World, begun: Snapshot): Promise<void> {
  const { books, chance, clock } = world
  const state = books.state(VM)
  const contents = new Map([['vda', world.onForeignSnapshot(begun)]])
  await clock.sleep(chance.between(50, 2_000))
  const snapshot = { ...begun, complete: true }
  state.snapshots = state.snapshots.map((one) => (one.snapshot === begun ? { snapshot, contents } : one))
  state.current = begun.name
}

/** That no other snapshot was begun just before is taken for granted by whoever collects, and not to be seen when that is gone. */
async function untilAlone({ books, clock, foreignSnapshots }: World): Promise<void> {
  const others = books.state(VM).snapshots.filter(({ snapshot }) => foreignSnapshots.has(snapshot.name))
  const newest = Math.max(0, ...others.map(({ snapshot }) => parseInstant(snapshot.createdAt)))
  await clock.sleep(newest + ALONE_MS - clock.now())
}
