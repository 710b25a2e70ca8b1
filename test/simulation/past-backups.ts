import { dumpEvidence } from '../../src/coordinator/backup-manifest.ts'
import { SAFETY_NOTE } from '../../src/coordinator/plan-backup-restore.ts'
import { formatInstant } from '../../src/system/instant.ts'
import { ulid } from '../../src/system/ulid.ts'
import type { Host } from './host.ts'
import { VM, type World } from './world.ts'

const DAY_MS = 86_400_000

/** Backups of the days before, good and bad, like the one that this host has just taken: what retention has to choose from. */
export async function givePastBackups({ chance, clock, repository }: World, host: Host): Promise<void> {
  const like = [...host.catalog.points.values()].find(({ kind }) => kind === 'dump')
  const evidence = like && dumpEvidence(like)
  if (like === undefined || evidence === undefined) return
  for (let day = chance.between(2, 5); day > 0; day -= 1) {
    const atMs = clock.now() - day * DAY_MS
    const id = ulid({ now: () => atMs }, chance)
    const createdAt = formatInstant(atMs)
    const [grade, isSafety] = chance.pick([
      [like.grade, false],
      [like.grade, false],
      ['crash-only', false],
      ['suspect', false],
      [like.grade, true],
    ] as const)
    const note = isSafety ? { note: `${SAFETY_NOTE} ${like.id}` } : {}
    const manifest = { ...evidence.manifest, id, createdAt, grade, ...note }
    await repository.copy(like.id, { vm: VM, id }, manifest)
    const snapshot = repository.stored.whereabouts({ vm: VM, id })
    const point = {
      ...like,
      id,
      run: id,
      createdAt,
      grade,
      snapshot,
      evidence: { ...(like.evidence as object), manifest },
    }
    host.catalog.points.set(id, point)
  }
}
