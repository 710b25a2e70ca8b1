import type { Vm } from '../../../src/hypervisor/hypervisor.ts'
import type { Call } from '../../https/call.ts'
import { WarmConnection } from '../../https/keep-warm.ts'
import { readSurely } from './properties.ts'
import { onVm, type Site } from './site.ts'
import { type SnapshotTree, treeFrom } from './snapshot-tree.ts'
import { field, list, text } from './values.ts'

/** What a VM had before a snapshot was asked for, by which what came of a lost answer is told from it. */
export interface BeforeSnapshot {
  readonly tree: SnapshotTree
  /** The ids of its tasks. */
  readonly known: ReadonlySet<string>
}

/** In one question. */
export async function readBefore(site: Site, vm: Vm, call: Call): Promise<BeforeSnapshot> {
  const errand = { call, doing: `list the snapshots of ${vm.name}` }
  const wanted = { path: 'snapshot', more: ['recentTask'] }
  const properties = await onVm(site, vm, call, (object) => readSurely(site.session, object, wanted, errand))
  const tasks = list(field(properties.recentTask, 'ManagedObjectReference'))
  return { tree: treeFrom(properties.snapshot), known: new Set(tasks.map(text)) }
}

/** A little longer than the pause between two looks: one that failed is not missed, two are. */
const FRESH_MS = 5_000

interface Ready {
  readonly warm: WarmConnection
  before?: { readonly seen: BeforeSnapshot; readonly atMs: number }
}

/**
 * Between the preflight and the snapshot: looks at the VM every few seconds, which also keeps the connection open. So neither
 * a look nor a handshake is a part of the outage.
 */
export class SnapshotReadiness {
  readonly #site: Site
  readonly #ready = new Map<string, Ready>()

  constructor(site: Site) {
    this.#site = site
  }

  begin(vm: Vm): void {
    this.#ready.get(vm.nativeId)?.warm.end()
    const look = async (call: Call) => {
      // What came while the answer was on its way is not in it.
      const atMs = this.#site.clock.monotonic()
      ready.before = { seen: await readBefore(this.#site, vm, call), atMs }
    }
    const ready: Ready = { warm: new WarmConnection(look, this.#site.clock) }
    this.#ready.set(vm.nativeId, ready)
    ready.warm.begin()
    // What fails here is told by the snapshot itself.
    look({ signal: new AbortController().signal, changeSent: false }).catch(() => {})
  }

  /** What was seen a moment ago, for one snapshot; undefined when that is too long ago. */
  take(vm: Vm): BeforeSnapshot | undefined {
    const ready = this.#ready.get(vm.nativeId)
    ready?.warm.end()
    this.#ready.delete(vm.nativeId)
    if (ready?.before === undefined) return undefined
    return this.#site.clock.monotonic() - ready.before.atMs <= FRESH_MS ? ready.before.seen : undefined
  }

  /** Safe twice. */
  end(): void {
    for (const { warm } of this.#ready.values()) warm.end()
    this.#ready.clear()
  }
}
