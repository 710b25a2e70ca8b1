import type { Cluster } from '../cluster.ts'
import { disksOf } from '../guests/drives.ts'
import type { Guest } from '../guests/guest.ts'

/** Figures of a guest as they were a moment ago; the product's nodes exchange them every few seconds. */
interface Figures {
  readonly status: 'running' | 'stopped' | 'unknown'
  readonly uptime: number
}

const MIB = 1024 ** 2

/** Power and the like for /cluster/resources: up to `statisticsMs` old. The lock and the node are never old. */
export class Statistics {
  readonly #cluster: Cluster
  readonly #figures = new Map<number, Figures>()
  #takenAt = Number.NEGATIVE_INFINITY

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async of(guest: Guest): Promise<Figures> {
    const now = performance.now()
    if (now - this.#takenAt >= this.#cluster.times.statisticsMs) {
      this.#takenAt = now
      this.#figures.clear()
      for (const one of this.#cluster.guests.values()) this.#figures.set(one.vmid, await figuresOf(this.#cluster, one))
    }
    return this.#figures.get(guest.vmid) ?? { status: 'unknown', uptime: 0 }
  }
}

const statistics = new WeakMap<Cluster, Statistics>()

/** The one collection of a cluster. */
export function statisticsOf(cluster: Cluster): Statistics {
  const known = statistics.get(cluster) ?? new Statistics(cluster)
  statistics.set(cluster, known)
  return known
}

async function figuresOf(cluster: Cluster, guest: Guest): Promise<Figures> {
  if (cluster.nodes.get(guest.node)?.online !== true) return { status: 'unknown', uptime: 0 }
  const running = await guest.machine.running()
  return { status: running ? 'running' : 'stopped', uptime: running ? uptimeOf(cluster, guest) : 0 }
}

export function uptimeOf(cluster: Cluster, guest: Guest): number {
  return Math.max(1, Math.floor((cluster.now() - guest.startedAt) / 1000))
}

/** What every list of guests tells about one. */
export function commonFigures({ config }: Guest): Record<string, string | number> {
  return {
    ...(config.name === undefined && config.hostname === undefined
      ? {}
      : { name: config.name ?? config.hostname ?? '' }),
    ...(config.lock === undefined ? {} : { lock: config.lock }),
    ...(config.tags === undefined ? {} : { tags: config.tags }),
    ...(config.template === 1 ? { template: 1 } : {}),
    maxmem: Number(config.memory ?? 512) * MIB,
    maxdisk: bytesOf(disksOf(config)[0]?.options.size ?? '0'),
  }
}

/** `8G` and the like of a drive's `size`. */
export function bytesOf(size: string): number {
  const [, number = '0', unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(size) ?? []
  return Number(number) * 1024 ** ' KMGT'.indexOf(unit || ' ')
}
