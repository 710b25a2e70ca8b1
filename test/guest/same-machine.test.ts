import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proveSameMachine, swapFields } from '../../src/guest/same-machine.ts'

const uuid = '564d1234-5678-9abc-def0-112233445566'
const vm = { name: 'db1', uuid, macs: ['52:54:00:00:00:01'] }

test('an equal SMBIOS UUID in either byte order is the same machine', () => {
  assert.equal(proveSameMachine(vm, { uuid, macs: ['52:54:00:00:00:01'] }, 1).verdict, 'proven')
  assert.equal(swapFields(uuid), '34124d56-7856-bc9a-def0-112233445566')
  assert.equal(proveSameMachine(vm, { uuid: swapFields(uuid).toUpperCase(), macs: [] }, 1).verdict, 'proven')
})

test('another UUID is another machine, and the message has both', () => {
  const proof = proveSameMachine(vm, { uuid: '00000000-0000-0000-0000-000000000001', macs: [] }, 1)
  assert.equal(proof.verdict, 'contradicted')
  assert.match(proof.message, /00000000-0000-0000-0000-000000000001.*564d1234/)
})

test('a UUID that two VMs carry, or that the guest does not show, proves nothing', () => {
  assert.equal(proveSameMachine(vm, { uuid, macs: [] }, 2).verdict, 'unknown')
  assert.equal(proveSameMachine(vm, { uuid: null, macs: [] }, 1).verdict, 'unknown')
})

test('no network address in common contradicts', () => {
  assert.equal(proveSameMachine(vm, { uuid, macs: ['52:54:00:00:00:99'] }, 1).code, 'macs-differ')
})
