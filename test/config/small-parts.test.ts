import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { annotate } from '../../src/config/annotate.ts'
import { parseDuration } from '../../src/config/duration.ts'
import { nearest } from '../../src/config/nearest.ts'
import { configSchema } from '../../src/config/schema.ts'

test('durations have a unit', () => {
  assert.deepEqual(
    ['500ms', '120s', '5m', '1h', '2d', '0s'].map(parseDuration),
    [500, 120_000, 300_000, 3_600_000, 172_800_000, 0],
  )
  for (const bad of ['', '5', 's', '1.5s', '-1s', '1 s', '01s', '1S', '1w', '9999999999s']) {
    assert.equal(parseDuration(bad), undefined, bad)
  }
})

test('the nearest word is offered, a far one is not', () => {
  assert.equal(nearest('hyperviser', ['hypervisor', 'profile']), 'hypervisor')
  assert.equal(nearest('DB1', ['db1', 'db2']), 'db1')
  assert.equal(nearest('banana', ['hypervisor', 'profile']), undefined)
  assert.equal(nearest('x', []), undefined)
})

test('an annotated file reads back as what it was made from', () => {
  const schema = {
    properties: {
      text: { description: 'a text', examples: ['x'] },
      list: { description: 'a list' },
      map: { description: 'a map', additionalProperties: { description: 'one' } },
      left: { description: 'left out', examples: [{ a: 1 }] },
    },
  }
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom('yes', '1e3', '0x1f', 'null', '- a', '#', '~', '12'),
  )
  const value = fc.record({
    text: fc.string({ minLength: 1 }),
    list: fc.array(scalar, { minLength: 1 }),
    map: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), scalar, { minKeys: 1, noNullPrototype: true }),
  })
  fc.assert(fc.property(value, (given) => assert.deepEqual(parse(annotate(schema, given)), { ...given })))
})

test('every key of the schema has a description and an example', () => {
  const lacking: string[] = []
  const visit = (schema: Record<string, unknown>, path: string) => {
    for (const [key, property] of Object.entries(
      (schema.properties ?? {}) as Record<string, Record<string, unknown>>,
    )) {
      const below = property.properties ?? property.additionalProperties
      if (typeof property.description !== 'string') lacking.push(`${path}.${key}: description`)
      if (property.examples === undefined && typeof below !== 'object' && property.type !== 'array') {
        lacking.push(`${path}.${key}: example`)
      }
      visit(property, `${path}.${key}`)
    }
    for (const next of [schema.additionalProperties, schema.items, ...((schema.oneOf ?? []) as object[])]) {
      if (typeof next === 'object' && next !== null) visit(next as Record<string, unknown>, `${path}.*`)
    }
  }
  visit(configSchema, '')
  assert.deepEqual(lacking, [])
})
