// runs natively
// time limit: 300 s
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import { waitFor } from '../labs/wait-for.ts'
import type { PointsDocument } from './subject.ts'

const HELPER = '/usr/local/sbin/stillshot-guest'
const LIMIT_FOLDER = '/etc/systemd/system/mariadb.service.d'
/** Longest time that a start may take; a watchdog that is refused tries again after ten seconds. */
const BACK_MS = 8_000

let subject: ContainerSubject
let holds = 0

before(async () => {
  subject = await openContainerSubject('start-limit')
  const { guest } = subject
  // What systemd counts for ten seconds, it counts here for as long as a busy machine may take.
  await guest.run(`mkdir -p ${LIMIT_FOLDER} && cat > ${LIMIT_FOLDER}/limit.conf && systemctl daemon-reload`, {
    input: '[Unit]\nStartLimitIntervalSec=1h\n',
  })
  await profile('dbms auto 5 60')
  // The first hold after a boot loads its drop-in, and a reload makes systemd forget what it has counted.
  await holdOnce()
})
after(() => subject?.close())
beforeEach(async () => {
  await subject.guest.run('systemctl reset-failed mariadb')
  await release()
  await subject.guest.run('systemctl start mariadb')
})

/** In the order in which they stop. */
async function profile(...components: readonly string[]): Promise<void> {
  const lines = ['stillshot-profile 1', 'name limited', ...components.map((component) => `component ${component}`), '']
  await subject.guest.run('cat > /etc/stillshot/profiles/limited', { input: lines.join('\n') })
}

const id = () => `01JDABCDEFGHJKMNPQRSTVWX${String(holds).padStart(2, '0')}`

interface Answer {
  readonly ok: boolean
  readonly error: { readonly code: string } | null
}

async function helper(...words: readonly string[]): Promise<Answer> {
  return JSON.parse((await subject.guest.try([HELPER, ...words].join(' '))).stdout) as Answer
}

function hold(ttlMs = 120_000, startMs = 0): Promise<Answer> {
  holds += 1
  return helper('hold', 'limited', id(), String(ttlMs), String(startMs))
}

const release = () => helper('release', id())

/** As an admin who restarts it again and again, until no start is left to anybody; it runs. */
async function useUp(): Promise<void> {
  const { guest } = subject
  await guest.run('systemctl reset-failed mariadb')
  for (let starts = 0; starts < 20; starts += 1) {
    if ((await guest.try('systemctl restart mariadb')).status === 0) continue
    assert.equal(await shown('Result'), 'start-limit-hit')
    // By the one way that systemd does not count: a unit that runs when its count is complete.
    await guest.run('systemctl reset-failed mariadb && systemctl start mariadb')
    for (let more = 1; more < starts; more += 1) await guest.run('systemctl restart mariadb')
    return
  }
  assert.fail('systemd refused no start')
}

async function shown(property: string): Promise<string> {
  return (await subject.guest.run(`systemctl show --value -p ${property} mariadb`)).trim()
}

async function back(timeoutMs = BACK_MS): Promise<void> {
  const active = async () => ((await shown('ActiveState')) === 'active' ? true : undefined)
  await waitFor(active, { what: 'the database', timeoutMs })
  assert.equal(await subject.guest.sql('SELECT 1'), '1')
}

test('a release brings it back at once, whatever a monitor tried during the hold', async () => {
  await useUp()
  assert.equal((await hold()).ok, true)
  for (let tries = 0; tries < 8; tries += 1) await subject.guest.try('systemctl start mariadb')
  assert.equal(await shown('MainPID'), '0')
  const { ok, error } = await release()
  assert.deepEqual([ok, error], [true, null])
  await back()
})

test('the watchdog brings it back at its first try', async () => {
  await useUp()
  assert.equal((await hold(9_000)).ok, true)
  for (let tries = 0; tries < 8; tries += 1) await subject.guest.try('systemctl start mariadb')
  const woken = async () =>
    (await subject.guest.run(`cat /run/stillshot/holds/${id()}/states`)).includes('expired') ? true : undefined
  await waitFor(woken, { what: 'the watchdog', timeoutMs: 30_000 })
  await back()
})

/** A hold that works: its drop-ins are then there, and the next hold needs no reload. */
async function holdOnce(): Promise<void> {
  assert.equal((await hold()).ok, true)
  assert.equal((await release()).ok, true)
}

test('a hold that fails for a job that still runs brings it back', async () => {
  const { guest } = subject
  await profile('dbms auto 5 60', 'unit cron.service 2 5')
  await holdOnce()
  const jobs = '/sys/fs/cgroup/system.slice/cron.service/cgroup.procs'
  await guest.run(`systemd-run --quiet --unit=job sleep 300 && systemctl show --value -p MainPID job > ${jobs}`)
  await useUp()
  assert.equal((await hold()).error?.code, 'jobs-running')
  await back()
  await guest.run('systemctl stop job')
})

test('a hold that fails for what does not stop in time brings it back before its watchdog', async () => {
  const { guest } = subject
  await guest.run('cat > /run/systemd/system/slow.service && systemctl daemon-reload && systemctl start slow', {
    input: "[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sh -c '[ ! -e /run/slow ] || sleep 15'\n",
  })
  await profile('dbms auto 5 60', 'unit slow.service 1 30')
  await holdOnce()
  await guest.run('touch /run/slow')
  await useUp()
  assert.equal((await hold()).error?.code, 'stop-timeout')
  await back()
})

test('a snapshot brings the database back whose starts were used up by restarts before', async () => {
  const { cli } = subject
  await useUp()
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm)
  assert.equal(points[0]?.grade, 'db-stopped')
  await back()
})
