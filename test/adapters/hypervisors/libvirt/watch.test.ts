import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEvent } from '../../../../adapters/hypervisors/libvirt/watch.ts'

const LINES = [
  ["event 'lifecycle' for domain 't1': Started Booted", 'started'],
  ["event 'lifecycle' for domain 't1': Stopped Destroyed", 'stopped'],
  ["event 'lifecycle' for domain 't1': Suspended Paused", 'paused'],
  ["event 'lifecycle' for domain 't1': Resumed Unpaused", 'resumed'],
  ["event 'lifecycle' for domain 't1': Stopped Migrated", 'migrated'],
  ["event 'reboot' for domain 't1'", 'reset'],
  ["event 'block-job' for domain 't1': Block Commit for /a completed", 'other'],
] as const

for (const [line, kind] of LINES) {
  test(`${line} is ${kind}`, () => assert.equal(readEvent(line)?.kind, kind))
}

test('other lines are no events', () => {
  assert.equal(readEvent('events received: 3'), undefined)
  assert.equal(readEvent(''), undefined)
})
