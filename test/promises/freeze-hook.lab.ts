// time limit: 900 s
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CollectReport } from '../../src/coordinator/collect-freezes.ts'
import type { FreezeHookReport } from '../../src/coordinator/install-freeze-hook.ts'
import type { ReleaseReport } from '../../src/coordinator/release-hold.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { waitFor } from '../labs/wait-for.ts'
import { answers, invocation, openSubject, type PointsDocument, type Subject } from './subject.ts'

/** The real qemu-guest-agent, asked by libvirt as for anybody's snapshot with `--quiesce`. */
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

test('a freeze while stillshot holds the guest is part of that hold', async () => {
  const { guest, cli } = subject
  const { hold } = await cli.json<{ hold: { id: string } }>('hold', cli.vm)
  assert.equal(await virsh('domfsfreeze'), '')
  assert.equal(await virsh('domfsthaw'), '')
  assert.equal(await answers(guest), false)
  const release = await cli.json<ReleaseReport>('release', hold.id)
  assert.deepEqual([release.grade, release.reasons], ['db-stopped', []])
  assert.equal(await answers(guest), true)
})

test('a freeze that nobody ends is ended by the watchdog: file systems are thawed, and the server starts', async () => {
  const { guest } = subject
  await guest.run("sed -i 's/^ttl .*/ttl 75000/; s/^start .*/start 10000/' /etc/stillshot/freeze")
  assert.equal(await virsh('domfsfreeze'), '')
  assert.equal(await isFrozen(), true)
  const back = async () => ((await answers(guest)) ? true : undefined)
  await waitFor(back, { what: 'the server', timeoutMs: 180_000, everyMs: 1_000 })
  assert.equal(await isFrozen(), false)
  await virsh('domfsthaw')
  const { freezes } = JSON.parse(await guest.run('stillshot-guest kept -'))
  const { freeze } = JSON.parse(await guest.run(`stillshot-guest kept ${freezes.at(-1)}`))
  assert.equal(freeze.releaseAnswer.fence.watchdog, 'fired')
})

test('removing the helper takes the hooks out and puts back what was there', async () => {
  const { guest, cli } = subject
  await cli.removeHelper(guest)
  assert.match(await guest.run(`cat ${HOOK}`), /exit 0/)
  assert.equal(await guest.run(`ls ${HOOK}.d /etc/qemu/qemu-ga.conf 2>&1 | grep -c stillshot || true`), '0\n')
  // Removing the hooks restarts the agent.
  const isBack = async () => ((await virsh('domtime')) === '' ? true : undefined)
  await waitFor(isBack, { what: 'the agent to be back', timeoutMs: 60_000, everyMs: 500 })
  assert.equal(await virsh('domfsfreeze'), '')
  assert.equal(await virsh('domfsthaw'), '')
})
