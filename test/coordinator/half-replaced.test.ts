import assert from 'node:assert/strict'
import { test } from 'node:test'
import { halfHint, mendingFindings } from '../../src/coordinator/half-restored.ts'

const half = { run: 'R', since: '2026-11-27T02:30:00Z', held: true, databases: ['shop'], loaded: null, replaced: true }
const order = { vm: 'db1', databases: ['shop'], there: ['shop'] }

test('where others are in the place of half restored databases, the way out is a person’s word, not another load', () => {
  assert.match(halfHint(half, 'db1'), /^look at the databases .*`stillshot-guest whole R mended` as root/)
  assert.match(halfHint({ ...half, replaced: false }, 'db1'), /^`stillshot recover` puts back what was there/)
})

test('what was put in the place of half restored databases is not replaced unseen', () => {
  const [refused] = mendingFindings(half, { ...order, safety: true })
  assert.partialDeepStrictEqual(refused, { severity: 'refuse', code: 'half-not-safe' })
  assert.match(refused?.message ?? '', /others are in their place since/)
  const [said] = mendingFindings(half, { ...order, safety: false })
  assert.equal(said?.severity, 'warn')
  const [mends] = mendingFindings({ ...half, replaced: false }, { ...order, safety: true })
  assert.equal(mends?.severity, 'warn')
})
