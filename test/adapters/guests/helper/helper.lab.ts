// runs natively
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { loadHelper } from '../../../../adapters/guests/helper/helper-file.ts'
import type {
  ComeBackAnswer,
  HoldAnswer,
  ProbeAnswer,
  ReleaseAnswer,
  StatusAnswer,
} from '../../../../src/guest/protocol/answers.ts'
import { Refusal, readAnswer, type Verb } from '../../../../src/guest/protocol/validate.ts'
import { containerGuest } from '../../../labs/container/container-guest.ts'
import type { NativeGuest } from '../../../labs/container/native-guest.ts'
import { DISK_SERIALS } from '../../../labs/domain.ts'
import { profileText } from './sandbox.ts'

let guest: NativeGuest
let holds = 0

before(async () => {
  guest = await containerGuest('guest-helper')
  const { content } = await loadHelper()
  const text = Buffer.from(content).toString('base64')
  // One argument may not be longer than 128 KiB, so the file goes over in pieces.
  await guest.run('rm -f /tmp/helper.base64; install -d -m 755 /etc/stillshot/profiles')
  for (let at = 0; at < text.length; at += 60_000) {
    await guest.run(`printf %s ${text.slice(at, at + 60_000)} >>/tmp/helper.base64`)
  }
  await guest.run(
    'base64 -d /tmp/helper.base64 >/usr/local/sbin/stillshot-guest; chmod 755 /usr/local/sbin/stillshot-guest',
  )
  await profile('mysql', 'component dbms auto 60 120')
  await profile('idoit', 'component unit cron 20 20', 'component unit apache2 60 60', 'component dbms auto 60 120')
})
after(() => guest?.destroy())

async function profile(name: string, ...lines: readonly string[]): Promise<void> {
  const text = Buffer.from(profileText(name, ...lines)).toString('base64')
  await guest.run(`echo ${text} | base64 -d >/etc/stillshot/profiles/${name}`)
}

async function ask<T>(verb: Verb, hold: string, ...words: readonly string[]): Promise<T> {
  const { stdout } = await guest.try(`/usr/local/sbin/stillshot-guest ${verb} ${words.join(' ')}`)
  const answer = readAnswer(verb, hold, stdout)
  if (answer instanceof Refusal) throw new Error(`${verb}: ${answer.code}: ${answer.message}`)
  return answer as T
}

function newHold(): string {
  holds += 1
  return `01JDABCDEFGHJKMNPQRSTVW${String(holds).padStart(3, '0')}`
}

async function active(unit: string): Promise<boolean> {
  return (await guest.try(`systemctl is-active -q ${unit}`)).status === 0
}

async function sequenceNumbers(held: HoldAnswer): Promise<{ logged: number; checkpoint: number }> {
  const text = Buffer.from(held.dbms?.log.textBase64 ?? '', 'base64').toString()
  const checkpoints = held.dbms?.redo?.checkpoints.filter(({ offset }) => offset >= 4096) ?? []
  return {
    logged: Number(/Shutdown completed; log sequence number (\d+)/.exec(text)?.[1]),
    checkpoint: Math.max(...checkpoints.map(({ hex }) => Number.parseInt(hex.slice(0, 16), 16))),
  }
}

test('probe finds the server, its directories and the disk below them', async () => {
  const probe = await ask<ProbeAnswer>('probe', '', 'mysql')
  assert.equal(probe.uuid, guest.uuid)
  assert.equal(probe.components[0]?.unit, 'mariadb.service')
  assert.equal(probe.dbms?.reachable, true)
  const root = probe.fileSystems.find(({ target }) => target === '/')
  assert.deepEqual(
    root?.disks.map(({ name, serial, bus }) => [name, serial, bus]),
    [['vda', DISK_SERIALS.vda, 'virtio']],
  )
})

test('a hold shows a clean stop, keeps starts out, and its release brings the server back', async () => {
  const id = newHold()
  const held = await ask<HoldAnswer>('hold', id, 'mysql', id, '240000', '60000')
  assert.deepEqual([held.synced, held.dbms?.openFiles, held.dbms?.processes], [true, 0, []])
  assert.equal(held.dbms?.unit.Result, 'success')
  const { logged, checkpoint } = await sequenceNumbers(held)
  assert.equal(logged, checkpoint + 16)
  await guest.try('systemctl start mariadb')
  assert.equal(await active('mariadb'), false)
  const released = await ask<ReleaseAnswer>('release', id, id)
  assert.deepEqual(released.fence?.redo, held.dbms?.redo)
  assert.deepEqual(released.fence?.files, held.dbms?.files)
  assert.equal(released.fence?.unit.InvocationID, held.dbms?.unit.InvocationID)
  assert.equal(released.fence?.watchdog, 'armed')
  assert.ok(released.readyUptimeMs !== null && (await active('mariadb')))
  const back = await ask<ComeBackAnswer>('come-back', id, 'mysql', id)
  assert.equal(back.dbms?.select1, true)
  assert.doesNotMatch(Buffer.from(back.dbms?.log.textBase64 ?? '', 'base64').toString(), /crash recovery/)
  assert.ok(back.markers.some(({ content }) => content?.startsWith(id)))
})

test('a server that is not enabled at boot keeps its evidence through the hold', async () => {
  await guest.run('systemctl disable mariadb')
  const id = newHold()
  const held = await ask<HoldAnswer>('hold', id, 'mysql', id, '240000', '60000')
  await ask<ReleaseAnswer>('release', id, id)
  await guest.run('systemctl enable mariadb')
  assert.notEqual(held.dbms?.unit.InvocationID, '')
  assert.notEqual(held.dbms?.unit.InactiveEnterTimestampMonotonic, '0')
})

test('the watchdog starts everything when nobody releases', async () => {
  const id = newHold()
  const held = await ask<HoldAnswer>('hold', id, 'idoit', id, '75000', '50000')
  const units = held.components.map(({ unit }) => unit)
  assert.deepEqual(units, ['cron.service', 'apache2.service', 'mariadb.service'])
  await guest.run(`until systemctl is-active -q ${units.join(' ')}; do sleep 1; done`)
  await guest.run('while systemctl is-active -q "stillshot-watchdog-*.service"; do sleep 1; done')
  for (const unit of units) assert.equal(await active(unit), true)
  const released = await ask<ReleaseAnswer>('release', id, id)
  assert.equal(released.fence?.watchdog, 'fired')
})

test('a server that is slow to stop is never killed: it ends by itself and starts again', async () => {
  await guest.run(`install -d /etc/systemd/system/mariadb.service.d
    printf '[Service]\\nSendSIGKILL=yes\\nTimeoutStopSec=6\\nExecStop=/bin/sleep 12\\n' >/etc/systemd/system/mariadb.service.d/slow.conf
    systemctl daemon-reload`)
  await profile('slow', 'component dbms auto 3 120')
  const id = newHold()
  await assert.rejects(ask('hold', id, 'slow', id, '240000', '60000'), /stop-timeout/)
  await guest.run('until [ "$(systemctl show -p ActiveState --value mariadb)" = active ]; do sleep 1; done')
  const log = await guest.run('tail -n 60 /var/log/mysql/error.log')
  assert.match(String(log), /Shutdown complete/)
  await ask<ReleaseAnswer>('release', id, id)
  assert.equal(await active('mariadb'), true)
  const { holds: known } = await ask<StatusAnswer>('status', '')
  assert.ok(known.every(({ state }) => state === 'released'))
})
