import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { configSchema } from '../../src/config/schema.ts'
import { comeBackSchema } from '../../src/guest/protocol/come-back-schema.ts'
import { holdSchema } from '../../src/guest/protocol/hold-schema.ts'
import { probeSchema } from '../../src/guest/protocol/probe-schema.ts'
import { releaseSchema } from '../../src/guest/protocol/release-schema.ts'
import * as smallSchemas from '../../src/guest/protocol/small-schemas.ts'
import { compileSchema, errorsText } from '../../src/json-schema/compile.ts'

const OURS = { configSchema, comeBackSchema, holdSchema, probeSchema, releaseSchema, ...smallSchemas }

test('our schemas are what JSON Schema calls a schema, since nobody looks when they are compiled', () => {
  const ajv = new Ajv({ discriminator: true })
  for (const [name, schema] of Object.entries(OURS)) {
    assert.equal(ajv.validateSchema(schema), true, `${name}: ${ajv.errorsText(ajv.errors)}`)
  }
})

test('a schema with a word that is not known does not compile', () => {
  assert.throws(() => compileSchema({ type: 'object', propertees: {} }), /propertees/)
})

test('the first error, or all of them, are told with their place', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' } } }
  const first = compileSchema(schema)
  assert.equal(first({ a: 'x', b: 1 }), false)
  assert.equal(errorsText(first.errors), '/a must be integer')
  const all = compileSchema(schema, { allErrors: true })
  all({ a: 'x', b: 1 })
  assert.equal(errorsText(all.errors), '/a must be integer, /b must be string')
})
