import type { Chance } from './chance.ts'

/** What a change asks of the hypervisor. */
export type Change =
  | 'create'
  | 'remove'
  | 'describe'
  | 'roll-back'
  | 'power-on'
  | 'clone'
  | 'keep-clone'
  | 'remove-clone'

/**
 * What goes wrong with one change. `refused`: the task fails before its act. `half`: it dies in the middle of it.
 * `slow`: it takes `ms` longer. `answer-lost`: the caller is told nothing after `ms`, the task goes on. `late`: the same, and
 * the request arrives only after `ms`. `lacks-disk`: a snapshot is made without the disks, and nobody says so aloud.
 */
export interface ChangeTrouble {
  readonly kind: 'refused' | 'half' | 'slow' | 'answer-lost' | 'late' | 'lacks-disk'
  readonly ms: number
  /** Where only one kind of change is meant. */
  readonly of?: Change
}

/** What the world has in store for a hypervisor. */
export class HypervisorTroubles {
  /** Nobody reaches it before this time of the world; its tasks go on. */
  unreachableUntilMs = 0
  readonly #chance: Chance
  readonly #queued: ChangeTrouble[] = []

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** For the next change that has none yet. */
  queue(trouble: ChangeTrouble): void {
    this.#queued.push(trouble)
  }

  /** The first in store that suits it. */
  take(change: Change): ChangeTrouble | undefined {
    const at = this.#queued.findIndex((trouble) => suits(trouble, change))
    return at < 0 ? undefined : this.#queued.splice(at, 1)[0]
  }

  lift(): void {
    this.unreachableUntilMs = 0
    this.#queued.length = 0
  }

  /** How long a request or an answer is on its way. */
  travelMs(): number {
    return this.#chance.between(1, 30)
  }

  /** Nothing where there is nothing to choose: then no chance is used up. */
  upTo(mostMs: number): number {
    return mostMs === 0 ? 0 : this.#chance.between(1, mostMs)
  }

  /** How long one half of a task takes. */
  workMs(): number {
    return this.#chance.between(30, 900)
  }
}

/** Only what makes something may come late: the port forbids it, and `recover` looks for it none the less. */
function suits({ kind, of }: ChangeTrouble, change: Change): boolean {
  if (of !== undefined && of !== change) return false
  if (kind === 'late') return change === 'create' || change === 'clone'
  return kind !== 'lacks-disk' || change === 'create'
}
