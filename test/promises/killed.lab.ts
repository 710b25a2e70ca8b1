import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecoverReport } from '../../src/coordinator/recover-runs.ts'
import { waitFor } from '../labs/wait-for.ts'
import { answers, openSubject, type PointsDocument, type Subject } from './subject.ts'

/** Short, so that the watchdog is seen at work; it fires this long after the stop request at the latest. */
const TTL_MS = 45_000

let subject: Subject
before(async () => {
  subject = await openSubject('killed', { hold: `{ ttl: ${TTL_MS / 1000}s, budget: 40s }` })
})
after(() => subject?.guest.destroy())

/** Where the process dies: as soon as its journal says this. */
const MOMENTS = [
  { where: 'before the stop', event: 'intent', step: 'hold', delayMs: 0, point: 'removed' },
  { where: 'while the server stops', event: 'intent', step: 'hold', delayMs: 700, point: 'removed' },
  { where: 'while the snapshot runs', event: 'done', step: 'hold', delayMs: 0, point: 'removed' },
  { where: 'after the snapshot', event: 'done', step: 'create-snapshot', delayMs: 0, point: 'removed' },
  { where: 'before the grade', event: 'done', step: 'release', delayMs: 0, point: 'removed' },
  { where: 'while the grade is written', event: 'intent', step: 'label', delayMs: 0, point: 'kept' },
] as const

for (const { where, event, step, delayMs, point } of MOMENTS) {
  test(`kill -9 ${where}: the server comes back in the time to live, and recover settles the rest`, async () => {
    const { guest, cli } = subject
    const known = new Set(await journals())
    const child = cli.spawn('snapshot', cli.vm)
    await waitFor(async () => (matches(await lastJournal(known), event, step) ? true : undefined), {
      what: `${event} of ${step}`,
      timeoutMs: 60_000,
      everyMs: 2,
    })
    await sleep(delayMs)
    child.kill('SIGKILL')
    const killedMs = performance.now()
    await waitFor(async () => ((await settledUp()) ? true : undefined), {
      what: 'MariaDB to come back by itself',
      timeoutMs: TTL_MS + 20_000,
      everyMs: 500,
    })
    const backMs = performance.now() - killedMs
    assert.ok(backMs <= TTL_MS + 5_000, `back after ${Math.round(backMs)} ms`)

    const recovered = await cli.json<RecoverReport>('recover')
    assert.deepEqual(
      recovered.settled.map(({ outcome }) => outcome),
      ['recovered'],
      JSON.stringify(recovered),
    )
    const again = await cli.json<RecoverReport>('recover')
    assert.deepEqual([again.settled, again.holds, again.locks], [[], [], []])
    assert.equal(await answers(guest), true)
    const { points } = await cli.json<PointsDocument>('list', cli.vm)
    const ofRun = points.filter(({ run }) => !known.has(`${run}.jsonl`))
    assert.equal(ofRun.length, point === 'kept' ? 1 : 0)
    if (point === 'kept') assert.equal(ofRun[0]?.grade, 'db-stopped')
    assert.equal(await snapshotsOnHypervisor(), points.length, 'no snapshot without a point')
    assert.equal(
      (await guest.run('ls /run/systemd/system | grep -c stillshot || true')).trim(),
      '0',
      'no watchdog is left',
    )
  })
}

/** Up, and nothing is about to stop it any more. */
async function settledUp(): Promise<boolean> {
  const { guest } = subject
  if (!(await answers(guest))) return false
  await sleep(3_000)
  const masked = (await guest.try('systemctl is-enabled mariadb')).stdout.trim()
  return masked === 'enabled' && (await answers(guest))
}

async function journals(): Promise<readonly string[]> {
  return readdir(join(subject.cli.stateDirectory, 'runs')).catch(() => [])
}

async function lastJournal(known: ReadonlySet<string>): Promise<string> {
  const name = (await journals()).find((candidate) => !known.has(candidate))
  return name === undefined ? '' : readFile(join(subject.cli.stateDirectory, 'runs', name), 'utf8')
}

function matches(journal: string, event: string, step: string): boolean {
  return journal.split('\n').some((line) => line.includes(`"event":"${event}"`) && line.includes(`"step":"${step}"`))
}

async function snapshotsOnHypervisor(): Promise<number> {
  const { virsh } = subject.lab
  const names = await virsh(['snapshot-list', subject.guest.domain, '--name'])
  return names.split('\n').filter((name) => name.startsWith('stillshot-')).length
}
