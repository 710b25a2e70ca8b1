// runs natively
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { VmSettings } from '../../src/coordinator/ports.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { type ContainerSubject, openContainerSubject } from '../labs/container/container-subject.ts'
import type { NativeGuest } from '../labs/container/native-guest.ts'
import { openLabPorts, withCreateSnapshot } from '../labs/lab-ports.ts'
import { hypervisorOnStandIn } from '../labs/proxmox/hypervisor-on-stand-in.ts'
import { waitFor } from '../labs/wait-for.ts'
import { answers } from './subject.ts'

let subject: ContainerSubject
before(async () => {
  subject = await openContainerSubject('graded-down')
})
after(() => subject?.close())

/** Takes a snapshot while somebody does `act` between the hold and the hypervisor's point in time. */
async function snapshotWhile(
  act: (guest: NativeGuest) => Promise<unknown>,
  settings: Partial<VmSettings> = {},
): Promise<RestorePoint> {
  const { guest, pve, cli } = subject
  const real = hypervisorOnStandIn(pve)
  const opened = await openLabPorts({ uri: 'none' }, guest, cli, {
    settings: { reference: String(pve.vmid), ...settings },
    over: () =>
      withCreateSnapshot(real, async (vm, request) => {
        await act(guest)
        return real.createSnapshot(vm, request)
      }),
  })
  try {
    const point = await takeSnapshot(opened.ports, opened.settings, {
      mode: 'stop',
      signal: new AbortController().signal,
    })
    assert.equal(await answers(guest), true, 'the server is back')
    return point
  } finally {
    await opened.close()
    await real.close()
  }
}

function codes({ reasons }: RestorePoint): readonly string[] {
  return reasons.map(({ code }) => code)
}

test('nobody touches it: db-stopped', async () => {
  assert.deepEqual(codes(await snapshotWhile(async () => {})), [])
})

test('MariaDB started by somebody during the hold', async () => {
  const point = await snapshotWhile((guest) =>
    guest.run(
      'systemctl unmask --runtime mariadb.service; rm -rf /run/systemd/system/mariadb.service.d; systemctl daemon-reload; systemctl start mariadb',
    ),
  )
  assert.equal(point.grade, 'crash-only', JSON.stringify(point.reasons))
})

test('a second server on the machine during the hold', async () => {
  const point = await snapshotWhile((guest) =>
    guest.run(
      `install -d -o mysql /srv/data/second && cp -a /var/lib/mysql /srv/data/second/data
      setsid mariadbd --no-defaults --user=mysql --datadir=/srv/data/second/data --socket=/srv/data/second/s --skip-networking \
        --innodb-buffer-pool-size=8M </dev/null >/dev/null 2>&1 &
      i=0; while [ ! -S /srv/data/second/s ] && [ $i -lt 300 ]; do sleep 0.2; i=$((i+1)); done; test -S /srv/data/second/s`,
      { timeoutMs: 120_000 },
    ),
  )
  await subject.guest.run(
    'pkill -f "/srv/data/[s]econd/data"; while pgrep -f "/srv/data/[s]econd/data" >/dev/null; do sleep 0.2; done; rm -rf /srv/data/second',
  )
  assert.notEqual(point.grade, 'db-stopped')
})

test('stopped uncleanly: the unit is killed instead of asked', async () => {
  const { guest } = subject
  await guest.run(
    'mkdir -p /etc/systemd/system/mariadb.service.d && printf "[Service]\\nKillSignal=SIGKILL\\n" > /etc/systemd/system/mariadb.service.d/kill.conf && systemctl daemon-reload',
  )
  await guest.sql(
    'CREATE DATABASE IF NOT EXISTS k; CREATE TABLE IF NOT EXISTS k.t (a INT) ENGINE=InnoDB; INSERT INTO k.t VALUES (1)',
  )
  try {
    const point = await snapshotWhile(async () => {})
    assert.equal(point.grade, 'crash-only', JSON.stringify(point.reasons))
  } finally {
    await guest.run('rm /etc/systemd/system/mariadb.service.d/kill.conf && systemctl daemon-reload')
  }
})

test('the watchdog fired before the point in time', async () => {
  const back = (guest: NativeGuest) =>
    waitFor(async () => ((await answers(guest)) ? true : undefined), {
      what: 'the watchdog',
      timeoutMs: 120_000,
      everyMs: 500,
    })
  const point = await snapshotWhile(back, { holdTtlMs: 40_000 })
  assert.notEqual(point.grade, 'db-stopped')
  assert.ok(codes(point).includes('watchdog-fired'), JSON.stringify(point.reasons))
})

test('no completed sync', async () => {
  const { guest } = subject
  await guest.run('real=$(command -v sync); cp -p $real /root/sync && printf "#!/bin/sh\\nexit 1\\n" > $real')
  try {
    const point = await snapshotWhile(async () => {})
    assert.notEqual(point.grade, 'db-stopped')
    assert.ok(codes(point).includes('sync-incomplete'), JSON.stringify(point.reasons))
  } finally {
    await guest.run('cp -p /root/sync $(command -v sync)')
  }
})
