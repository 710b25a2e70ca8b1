import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '../../src/repository/manifest.ts'
import { isSignedBy, signManifest } from '../../src/repository/manifest-signature.ts'

const KEY = Buffer.alloc(32, 7)
const stream = { name: 'a.sql', part: 'databases', content: 'sql', compression: 'gzip', sizeBytes: 1, sha256: 'aa' }
const facts = {
  ...{ version: 1, kind: 'stillshot-backup', id: 'b1', vm: 'db1', vmKey: 'k', hypervisor: 'kvm', grade: 'db-locked' },
  ...{ createdAt: 'x', endedAt: 'y', reasons: [], server: null, restore: ['cat'], streams: [stream] },
} as unknown as Manifest
const signed: Manifest = { ...facts, signature: signManifest(facts, KEY) }

test('a manifest that was read back verifies, whatever the order of its keys', () => {
  assert.ok(isSignedBy(signed, KEY))
  const turned = Object.fromEntries(Object.entries(JSON.parse(JSON.stringify(signed))).reverse())
  assert.ok(isSignedBy(turned as unknown as Manifest, KEY))
})

test('one word that is another, another key, and a signature that is none do not verify', () => {
  const [first] = facts.streams
  const changed: readonly Manifest[] = [
    { ...signed, vm: 'db2' },
    { ...signed, grade: 'db-stopped' },
    { ...signed, streams: [{ ...(first as NonNullable<typeof first>), sha256: 'bb' }] },
    { ...signed, restore: ['rm -r /'] },
    { ...signed, signature: 'x' },
    { ...signed, signature: signed.signature?.toUpperCase() ?? '' },
    facts,
  ]
  for (const each of changed) assert.ok(!isSignedBy(each, KEY), JSON.stringify(each))
  assert.ok(!isSignedBy(signed, Buffer.alloc(32, 8)))
})
