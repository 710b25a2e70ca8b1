import type { JournalEvent } from '../../../src/saga/journal-event.ts'
import type { Host } from '../host.ts'
import type { MakeInvariant } from '../invariant.ts'
import type { SimulatedProcess } from '../process.ts'
import type { Arrival } from '../world.ts'
import { STATE } from '../world.ts'

/** What the journal must hold before the act: an intent whose undo has this action and these words. */
interface Needed {
  readonly run: string
  /** Any of them. */
  readonly actions: readonly string[]
  readonly words: string
}

/** Promise 4: when an act arrives, its way back is on the disk of the host that asked for it. */
export const writtenBefore: MakeInvariant = ({ hosts }) => ({
  promise: 'every change is written down before it is made',
  onArrival(arrival) {
    const needed = neededFor(arrival)
    if (needed === undefined) return unwrittenRemoval(hosts, arrival)
    const { run, actions, words } = needed
    const lines = hosts.flatMap(({ files }) => files.synced(`${STATE}/runs/${run}.jsonl`).split('\n'))
    const undos = actions.map((action) => `"undo":{"action":"${action}"`)
    const written = lines.some(
      (line) =>
        line.startsWith('{"event":"intent"') && undos.some((undo) => line.includes(undo)) && line.includes(words),
    )
    return written ? undefined : `${actions[0]} of run ${run} was not on the disk when its act arrived`
  },
})

function neededFor(arrival: Arrival): Needed | undefined {
  if (arrival.at === 'guest') {
    const id = arrival.words[1] ?? ''
    if (arrival.verb === 'hold') return { run: id, actions: ['release-hold', 'release-safety-hold'], words: id }
    return arrival.verb === 'drain' ? { run: id, actions: ['undrain'], words: id } : undefined
  }
  const { change, name, run } = arrival
  if (run === undefined) return undefined
  if (change === 'clone' || change === 'keep-clone') {
    return { run, actions: ['settle-copy', 'remove-clone'], words: name }
  }
  if (change === 'create') return { run, actions: ['remove-snapshot'], words: name }
  return change === 'roll-back' ? { run, actions: ['settle-roll-back'], words: run } : undefined
}

/**
 * The point of a catalog is removed by the run that has the lock there, or by whoever takes back what that run began: an undo
 * goes on when nothing can be written, so that what can be read is enough for it.
 */
function unwrittenRemoval(hosts: readonly Host[], arrival: Arrival): string | undefined {
  if (arrival.at !== 'hypervisor' || arrival.change !== 'remove') return undefined
  const { name, vm } = arrival
  // The rest of what was removed half may be removed by anybody.
  if (vm.snapshots.find(({ snapshot }) => snapshot.name === name)?.snapshot.complete !== true) return undefined
  const of = hosts.filter(({ catalog }) => [...catalog.points.values()].some(({ snapshot }) => snapshot === name))
  const locks = of.flatMap(({ catalog }) => [...catalog.locks.values()])
  if (of.length === 0) return undefined
  for (const { run, owner } of locks.filter(({ procedure }) => procedure === 'prune')) {
    const isOwner = ({ identity: { host, pid } }: SimulatedProcess) => host === owner.host && pid === owner.pid
    const lives = hosts.some(({ processes }) => processes.some(isOwner))
    for (const { files } of hosts) {
      const path = `${STATE}/runs/${run}.jsonl`
      const journal = lives ? files.synced(path) : files.content(path)
      if (journal.includes('"action":"end-removal"') && journal.includes(name)) return undefined
    }
  }
  return `the removal of ${name} was in no journal when it arrived`
}

/** Every line that can be read; of one kind of event where that is asked for, so that the others need not be parsed. */
export function eventsOf(journal: string, kind?: JournalEvent['event']): readonly JournalEvent[] {
  const events: JournalEvent[] = []
  const sign = kind === undefined ? '' : `"event":"${kind}"`
  for (const line of journal.split('\n')) {
    if (!line.includes(sign)) continue
    const event = readEvent(line)
    if (event !== undefined && (kind === undefined || event.event === kind)) events.push(event)
  }
  return events
}

function readEvent(line: string): JournalEvent | undefined {
  // The rest after the last line is none.
  if (line === '') return undefined
  try {
    return JSON.parse(line) as JournalEvent
  } catch {
    return undefined
  }
}
