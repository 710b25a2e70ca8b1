import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Proof } from '../../../src/grade/proof.ts'
import { run, somePoint } from '../fake-app.ts'

const TIMES = {
  heldAt: '2026-11-27 02:30:07',
  loggedAt: '2026-11-27 02:30:08',
  seenAt: '2026-11-27 02:30:08',
  releasedAt: '2026-11-27 02:30:12',
}

function backup(verdict: Proof['verdict'], more: object = { times: TIMES }) {
  const claim = 'inside-hold'
  const proofs = [
    { claim, verdict: 'proven', code: 'inside-hold', message: 'by the order of the words' },
    { claim, verdict, code: 'log-inside-hold', message: 'by the log \u001b[2J' },
  ]
  return somePoint({
    kind: 'backup',
    snapshot: 'nas:backup/x',
    evidence: { proofs, backup: { state: 'done', ...more } },
  })
}

test('hook test shows the order of the newest backup that was held, with its verdict', async () => {
  const newer = somePoint({ id: '01JE0000000000000000000000', createdAt: '2027-01-15T08:00:00.000Z' })
  const good = await run(['hook', 'test', 'db1'], { points: [newer, backup('proven')] })
  assert.equal(good.status, 0)
  assert.match(good.out, /^db1: nas:backup\/x\n {2}2026-11-27 02:30:07 {2}the guest stands still/)
  assert.match(good.out, /02:30:08 {2}the log of the backup: started\n/)
  assert.match(good.out, /by the log \\x1b\[2J/)
  assert.match(good.out, /the point in time lies inside the hold\n$/)
  const json = JSON.parse((await run(['hook', 'test', 'db1', '--json'], { points: [backup('proven')] })).out)
  assert.deepEqual([json.vm, json.proven, json.events.length], ['db1', true, 4])
})

test('hook test fails for an order that is not proven', async () => {
  for (const verdict of ['contradicted', 'unknown'] as const) {
    const { status, out } = await run(['hook', 'test', 'db1'], { points: [backup(verdict)] })
    assert.equal(status, 40)
    assert.match(out, /is not proven to lie inside the hold/)
  }
})

test('hook test does not speak of an older backup where nothing was held for the newest', async () => {
  const unheld = { ...backup('proven', {}), id: '01JE0000000000000000000000', createdAt: '2027-01-15T08:00:00.000Z' }
  const { status, out, err } = await run(['hook', 'test', 'db1'], { points: [unheld, backup('proven')] })
  assert.deepEqual([status, out], [18, ''])
  assert.match(err, /as newest backup 01JE0000000000000000000000, which is none that was held and has ended/)
})

test('hook test finds nothing in a backup that still runs, or that nothing was held for', async () => {
  const { status } = await run(['hook', 'test', 'db1'], { points: [backup('proven', {})] })
  assert.equal(status, 18)
})
