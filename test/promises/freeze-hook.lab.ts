// time limit: 900 s
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CollectReport } from '../../src/coordinator/collect-freezes.ts'
import type { FreezeHookReport } from '../../src/coordinator/install-freeze-hook.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { answers, invocation, openSubject, type PointsDocument, type Subject } from './subject.ts'

/**
 * The real qemu-guest-agent, asked by libvirt as for anybody's snapshot with `--quiesce`. What goes on in the guest alone is in
 * freeze-hook-in-guest.lab.ts.
 */
let subject: Subject
before(async () => {
  // Nobody drains before a freeze from inside, and the busy machine's guest may take its time to be looked at.
  subject = await openSubject('freeze-hook', { hold: '{ ttl: 600s, budget: 590s }' })
})
after(() => subject?.guest.destroy())

const HOOK = '/etc/qemu/fsfreeze-hook'

/** One virsh command about the guest; what it says when it fails. */
async function virsh(...words: readonly string[]): Promise<string> {
  const { lab, guest } = subject
  const [command = '', ...rest] = words
  return lab.virsh([command, guest.domain, ...rest], 300_000).then(
    () => '',
    (error: Error) => error.message,
  )
}

/** No file comes into being on a frozen file system; whoever makes one waits until it is thawed, deaf to signals. */
async function isFrozen(): Promise<boolean> {
  const touch = 'f=/srv/data/.lab-$$; touch $f </dev/null >/dev/null 2>&1 & sleep 2; [ -e $f ]'
  return (await subject.guest.try(touch)).status !== 0
}

test('without the hook, mode freeze is fs-frozen, and nothing is stopped', async () => {
  const { guest, cli } = subject
  const before = await invocation(guest)
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm, '--mode', 'freeze')
  assert.deepEqual(
    points.map(({ mode, grade, reasons, outage }) => [mode, grade, reasons, outage]),
    [['freeze', 'fs-frozen', [], null]],
  )
  assert.equal(await invocation(guest), before)
  await guest.run('touch /srv/data/.thawed', { timeoutMs: 10_000 })
})

test('installing it ends with one real freeze and thaw, and keeps the hook that was there', async () => {
  const { guest, cli } = subject
  const { freezeHook } = await cli.installHelper<{ freezeHook: FreezeHookReport }>(guest, '--freeze-hook')
  assert.deepEqual(freezeHook.proof, { proven: true, grade: 'db-stopped', reasons: [] })
  assert.deepEqual([freezeHook.hook, freezeHook.keptBefore], [HOOK, `${HOOK}.before-stillshot`])
  assert.equal(await answers(guest), true)
  const again = await cli.installHelper<{ freezeHook: FreezeHookReport }>(guest, '--freeze-hook')
  assert.equal(again.freezeHook.proof.proven, true)
  assert.match(await guest.run(`cat ${HOOK}.before-stillshot`), /exit 0/)
  assert.deepEqual((await cli.json<CollectReport>('guest', 'collect', cli.vm)).freezes, [])
})

test('somebody else’s quiesced snapshot becomes a restore point that brings the rows back', async () => {
  const { guest, cli } = subject
  await guest.sql('CREATE DATABASE shop; CREATE TABLE shop.t (a INT) ENGINE=MyISAM; INSERT INTO shop.t VALUES (1)')
  const before = await invocation(guest)
  assert.equal(await virsh('snapshot-create-as', 'nightly', '--disk-only', '--atomic', '--quiesce'), '')
  assert.notEqual(await invocation(guest), before, 'the server was stopped for it')
  await guest.sql('DELETE FROM shop.t')
  const { freezes } = await cli.json<CollectReport>('guest', 'collect', cli.vm)
  assert.deepEqual(
    freezes.map(({ outcome, snapshot, grade, reasons }) => [outcome, snapshot, grade, reasons]),
    [['point', 'nightly', 'db-stopped', []]],
  )
  assert.deepEqual((await cli.json<CollectReport>('guest', 'collect', cli.vm)).freezes, [])
  const restore = await cli.json<RestoreReport>('restore', cli.vm, '--point', freezes[0]?.id ?? '', '--yes')
  assert.equal(restore.cameBack, true)
  assert.equal(await guest.sql('SELECT a FROM shop.t'), '1')
})

test('mode freeze: the hook’s hold is the evidence of stillshot’s own snapshot, which is db-stopped', async () => {
  const { guest, cli } = subject
  await guest.setClock()
  const before = await invocation(guest)
  const { points } = await cli.json<PointsDocument>('snapshot', cli.vm, '--mode', 'freeze')
  assert.deepEqual(
    points.map(({ mode, grade, reasons }) => [mode, grade, reasons]),
    [['freeze', 'db-stopped', []]],
  )
  assert.notEqual(await invocation(guest), before, 'the server was stopped for it')
  assert.deepEqual([await answers(guest), await isFrozen()], [true, false])
  assert.deepEqual((await cli.json<CollectReport>('guest', 'collect', cli.vm)).freezes, [])
})

test('a freeze that cannot be clean fails the snapshot, and the server runs', async () => {
  const { guest, cli } = subject
  await guest.setClock()
  await guest.run(`printf '#!/bin/sh\\n[ "$1" = thaw ]\\n' > ${HOOK}.d/60-fails; chmod 755 ${HOOK}.d/60-fails`)
  const said = await virsh('snapshot-create-as', 'broken', '--disk-only', '--atomic', '--quiesce')
  assert.match(said, /fsfreeze hook/)
  await guest.run(`rm ${HOOK}.d/60-fails`)
  assert.deepEqual([await answers(guest), await isFrozen()], [true, false])
  assert.doesNotMatch(await subject.lab.virsh(['snapshot-list', guest.domain, '--name']), /broken/)
  const { holds } = JSON.parse(await guest.run('stillshot-guest status'))
  assert.deepEqual(
    holds.filter(({ state }: { state: string }) => state === 'held'),
    [],
  )
  assert.equal((await cli.run('check', cli.vm)).status, 0)
})
