import { createHash } from 'node:crypto'
import type { RestorePoint } from '../../../src/catalog/catalog.ts'
import { dumpEvidence } from '../../../src/coordinator/backup-manifest.ts'
import { SAFETY_NOTE } from '../../../src/coordinator/plan-backup-restore.ts'
import type { PruneReport } from '../../../src/coordinator/prune-vm.ts'
import { isWorse } from '../../../src/grade/grade.ts'
import type { MakeInvariant } from '../invariant.ts'
import { keptIn } from '../procedures/prune-vm.ts'
import type { SimulatedProcess } from '../process.ts'
import { STATE, VM, type World } from '../world.ts'

/**
 * Promise 6, of backups: when the removal of a whole one arrives, it is in a journal of who asks, a newer one that is whole is as good,
 * and as many good ones as the policy keeps are newer. What stays is as it was written; of what went, and of what never became
 * whole, nothing is left; no backup is lost out of the catalogs.
 */
export const keptBackups: MakeInvariant = (world) => {
  const { hosts, repository } = world
  let broken: string | undefined
  repository.onRemoval = (id, process) => {
    broken ??= judge(world, id, process)
  }
  return {
    promise: 'retention leaves the good backups',
    onEvent: () => broken,
    onTold({ procedure, host, told }) {
      if (procedure !== 'prune-backups' || told.how !== 'done') return undefined
      for (const { id, fate, removal, reasons } of (told.result as PruneReport).points) {
        // Of a repository that does not answer it says nothing but that.
        if (reasons.some(({ code }) => code === 'unreachable')) continue
        const stays = fate === 'stays' || removal?.outcome === 'kept'
        if (fate === 'gone' || (repository.listed.has(id) === stays && host.catalog.points.has(id) === stays)) continue
        return `backup ${id} ${stays ? 'stays' : 'is removed'}, says prune`
      }
      return undefined
    },
    async atEnd() {
      const [left] = repository.unfinished
      if (left !== undefined) return `half of the backup ${left} is left in the repository`
      for (const id of repository.listed.keys()) {
        if (!hosts.some(({ catalog }) => catalog.points.has(id))) return `the backup ${id} is in no catalog`
        const harm = await harmOf(world, id)
        if (harm !== undefined) return `the backup ${id} is listed, and ${harm}`
      }
      return broken
    },
  }
}

const COUNTED: readonly string[] = ['db-stopped', 'db-locked', 'fs-frozen']

function judge(world: World, id: string, process: SimulatedProcess): string | undefined {
  const { hosts, repository } = world
  // The rest of one that was removed half, or was never whole, is worth nothing.
  if (!repository.listed.has(id)) return undefined
  const locks = hosts.flatMap(({ catalog }) => [...catalog.locks.values()])
  const lock = locks.find(({ run }) =>
    hosts.some(({ files }) => {
      const journal = files.content(`${STATE}/runs/${run}.jsonl`)
      return journal.includes('"action":"end-backup-removal"') && journal.includes(id)
    }),
  )
  if (lock === undefined) return `the removal of ${id} was in no journal when it arrived`
  // What was decided may be wrong by the time at which somebody else clears up.
  if (lock.owner.pid !== process.identity.pid || lock.owner.host !== process.identity.host)
    return `recover began to remove ${id}`
  const catalog = hosts.map((host) => host.catalog).find(({ points }) => points.has(id))
  const point = catalog?.points.get(id)
  if (catalog === undefined || point === undefined) return `backup ${id} was removed, and no catalog knows it`
  const dumps = [...catalog.points.values()].filter(({ kind }) => kind === 'dump')
  const newer = dumps.filter((other) => repository.listed.has(other.id) && other.createdAt > point.createdAt)
  const asGood = newer.some((other) => !isWorse(other.grade, point.grade) && (!isSafety(other) || isSafety(point)))
  if (!asGood) return `backup ${id} (${point.grade}) was the last of its grade`
  const kept = keptIn(world)
  const isGood = (one: RestorePoint) => COUNTED.includes(one.grade) && !isSafety(one)
  return isGood(point) && newer.filter(isGood).length < kept ? `${id} was one of the ${kept} that stay` : undefined
}

function isSafety(point: RestorePoint): boolean {
  return dumpEvidence(point)?.manifest.note?.startsWith(SAFETY_NOTE) === true
}

async function harmOf({ repository: { listed, stored } }: World, id: string): Promise<string | undefined> {
  for (const { name, sha256 } of listed.get(id)?.streams ?? []) {
    const sum = createHash('sha256')
    try {
      for await (const bytes of await stored.read({ vm: VM, id }, name)) sum.update(bytes)
    } catch (thrown) {
      return `${name} cannot be read: ${thrown}`
    }
    if (sum.digest('hex') !== sha256) return `${name} is not what was written`
  }
  return undefined
}
