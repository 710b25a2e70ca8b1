import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'
import { StillshotError } from '../../src/errors.ts'
import { CONFIG_PATH, GOOD_CONFIG, hostWith } from './good-config.ts'

/** Taken, or refused with a message that names the file; never another error. */
async function takenOrRefused(text: string): Promise<boolean> {
  try {
    await loadSettings(hostWith(text))
  } catch (error) {
    assert.ok(error instanceof StillshotError, `${String(error)} for ${JSON.stringify(text)}`)
    assert.equal(error.code, 'config-invalid')
    assert.ok(error.message.startsWith(CONFIG_PATH), error.message)
    assert.ok(error.message.length > CONFIG_PATH.length + 5)
  }
  return true
}

/** Lone surrogates and control characters too; `unit: 'binary'` takes seconds to be made. */
const anyText = fc.array(fc.nat(0xffff), { maxLength: 80 }).map((codes) => String.fromCharCode(...codes))

test('any text is taken or refused in words', async () => {
  await fc.assert(fc.asyncProperty(anyText, takenOrRefused), { numRuns: 60 })
})

test('any value is taken or refused in words', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), (value) => takenOrRefused(stringify(value))),
    { numRuns: 60 },
  )
})

test('a good configuration with any piece cut out or put in is taken or refused in words', async () => {
  const place = fc.nat(GOOD_CONFIG.length)
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom('{', '}', ': ', '- ', '&a ', '*a', '!!x ', '\t', '"', '<<: '),
  )
  await fc.assert(
    fc.asyncProperty(place, fc.nat(12), piece, (at, cut, put) =>
      takenOrRefused(GOOD_CONFIG.slice(0, at) + put + GOOD_CONFIG.slice(at + cut)),
    ),
    { numRuns: 80 },
  )
})

test('any value in the place of a section is taken or refused in words', async () => {
  const section = fc.constantFrom('hypervisors', 'ssh', 'vms', 'profiles', 'policies', 'repositories', 'state')
  const base = { hypervisors: { kvm: { kind: 'libvirt' } }, vms: {} }
  await fc.assert(
    fc.asyncProperty(section, fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 })), (key, value) =>
      takenOrRefused(stringify({ ...base, [key]: value })),
    ),
    { numRuns: 60 },
  )
})
