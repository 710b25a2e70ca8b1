import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from '../world.ts'
import { backUp } from './back-up.ts'

/** One backup of an own world, with nothing in its way. */
async function backedUp(seed: number) {
  const world = new World(seed)
  const [host] = world.hosts
  assert.ok(host)
  const done = backUp(world, host).then(() => true)
  const turn = () => new Promise((resolve) => setImmediate(() => resolve(false)))
  while (!(await Promise.race([done, turn()]))) world.clock.step()
  const [job] = world.backups.jobs
  assert.ok(job)
  const [point] = host.catalog.points.values()
  return { job, point, truth: world.truths.get(job.archive) }
}

test('a backup that nothing disturbs is db-stopped; one without the disk comes to nothing, or goes on without a hold', async () => {
  const seen = new Set<string>()
  for (let seed = 1; seed <= 150; seed += 1) {
    const { job, point, truth } = await backedUp(seed)
    const kind = job.disks.length > 0 ? 'whole' : job.goesOn ? 'unheld' : 'refused'
    seen.add(kind)
    const expected = { whole: 'db-stopped', unheld: 'suspect', refused: undefined }[kind]
    assert.equal(point?.grade, expected, `seed ${seed}: ${kind}`)
    if (kind === 'whole') assert.deepEqual([truth?.stoppedAndSynced, point?.snapshot], [true, job.archive])
  }
  assert.equal(seen.size, 3)
})
