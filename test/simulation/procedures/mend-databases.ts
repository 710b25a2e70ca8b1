import { isSettled } from '../../../src/saga/journal-event.ts'
import { act, succeed } from '../actor.ts'
import { isReplaced } from '../guest/half.ts'
import type { Host } from '../host.ts'
import type { Deed } from '../plan.ts'
import { eventsOf } from '../promises/written-before.ts'
import { STATE, type World } from '../world.ts'
import { recoverProcedure } from './recover-runs.ts'
import { changeRows, knowsBackup, restoreBackupProcedure } from './restore-backup.ts'
import { restoreProcedure } from './restore-snapshot.ts'

/** Longer than a way back is tried. */
const LONG_MS = 1_000_000

/** A restore whose load failed, and whose way back has found no repository until it was given up. Somebody has seen to that since. */
export async function leaveHalf(world: World, host: Host): Promise<void> {
  const { clock, guest, repository } = world
  await changeRows(world, host)
  const ended = act(world, host, restoreBackupProcedure(true)).then(() => true)
  const wait = () => clock.sleep(50).then(() => false)
  while (guest.machine.disk.half === null && !(await Promise.race([ended, wait()])));
  guest.helper.restores.troubles.failsNext = true
  repository.awayUntilMs = clock.monotonic() + LONG_MS
  await ended
  repository.awayUntilMs = 0
}

/**
 * Where databases are half restored, somebody sees to the repository, and rolls back or restores again, and somebody else runs `recover`, perhaps on
 * another host.
 */
export const mendBeside: Deed = async (world, host) => {
  if (world.guest.machine.disk.half === null) return
  const { chance, clock, hosts, repository } = world
  repository.awayUntilMs = 0
  if (chance.happens(0.4)) {
    await act(world, host, restoreProcedure)
    await act(world, chance.pick(hosts), recoverProcedure)
    return
  }
  await Promise.all([
    clock.sleep(chance.between(0, 3_000)).then(() => act(world, chance.pick(hosts), recoverProcedure)),
    clock.sleep(chance.between(0, 3_000)).then(() => act(world, mender(world) ?? host, restoreBackupProcedure(true))),
  ])
}

/** Whoever began it, if he knows a backup: no other host may take the VM from him. */
function mender({ hosts, guest: { machine } }: World): Host | undefined {
  const path = `${STATE}/runs/${machine.disk.half?.run}.jsonl`
  const know = hosts.filter(knowsBackup)
  return know.find(({ files }) => files.content(path) !== '') ?? know[0]
}

/**
 * What `recover` cannot put back, for nothing was dumped before, a restore makes whole: with nothing in its way it must. Of what was
 * rolled back beside the mark a person says that it is whole.
 */
export async function mend(world: World): Promise<void> {
  if (isForRecover(world)) return
  if (isReplaced(world.guest.machine.disk)) {
    world.timeline.say('somebody', () => 'says that the databases are mended')
    return world.guest.helper.restores.mendByHand()
  }
  const host = mender(world)
  if (host === undefined || !world.guest.server.running) return
  const { name, run } = restoreBackupProcedure(true)
  await succeed(world, host, name, run)
}

/** The run that left them half is open, and what it dumped before is there: nobody but `recover` is needed. */
function isForRecover({ hosts, guest: { machine }, repository }: World): boolean {
  const { half } = machine.disk
  if (half === null || isReplaced(machine.disk)) return false
  const journals = hosts
    .map(({ files }) => files.content(`${STATE}/runs/${half.run}.jsonl`))
    .filter((text) => text !== '')
  return journals.some((journal) => {
    const events = eventsOf(journal)
    if (isSettled(events)) return false
    const dump = events
      .flatMap((event) => ('undo' in event ? [event.undo?.args.id] : []))
      .find((id) => id !== undefined)
    return dump !== undefined && repository.listed.has(dump)
  })
}
