import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualSystem } from '../../adapters/system/fake/virtual-system.ts'
import { isSameServer } from '../../src/hypervisor/known-server.ts'
import { serverRecord } from '../../src/hypervisor/server-record.ts'

test('what was kept is read again, and another hypervisor has its own', async () => {
  const { files } = virtualSystem()
  const [one, other] = ['vc', 'vc2'].map((name) => serverRecord(files, '/state/servers', name))
  assert.equal(await one?.read(), undefined)
  await one?.keep({ product: 'vCenter', id: 'a' })
  await other?.keep({ product: 'ESXi', idAfterLogin: true })
  assert.deepEqual(await one?.read(), { product: 'vCenter', id: 'a' })
  assert.deepEqual(await other?.read(), { product: 'ESXi' })
})

test('a record that is not one of ours means that nobody knows which server is meant', async () => {
  const { files } = virtualSystem()
  await files.makeFolder('/state/servers')
  for (const text of [
    '',
    '{',
    'null',
    '{"version":1}',
    '{"version":1,"product":7}',
    '{"version":2,"product":"ESXi"}',
  ]) {
    await files.replaceText('/state/servers/vc.json', text)
    await assert.rejects(serverRecord(files, '/state/servers', 'vc').read(), { code: 'server-changed' }, text)
  }
})

test('another id, another product and an id that is missing are another server', () => {
  const known = { product: 'vCenter', id: 'a' }
  assert.equal(isSameServer(known, { product: 'vCenter', id: 'a' }), true)
  assert.equal(isSameServer({ product: 'ESXi' }, { product: 'ESXi', id: 'x' }), true)
  assert.equal(isSameServer({ product: 'ESXi', id: 'x' }, { product: 'ESXi', idAfterLogin: true }), true)
  for (const seen of [
    { product: 'vCenter', id: 'b' },
    { product: 'vCenter' },
    { product: 'ESXi', idAfterLogin: true } as const,
    { product: 'ESXi', id: 'a' },
  ]) {
    assert.equal(isSameServer(known, seen), false, JSON.stringify(seen))
  }
  assert.equal(isSameServer({ product: 'ESXi', id: 'x' }, { product: 'ESXi' }), false)
})
