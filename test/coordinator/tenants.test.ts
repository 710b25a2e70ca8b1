import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tenantFindings } from '../../src/coordinator/tenants.ts'
import type { InventoryAnswer } from '../../src/guest/protocol/answers.ts'

const inventory = (tenants: InventoryAnswer['tenants'], ...names: string[]) =>
  ({ tenants, databases: names.map((name) => ({ name, tables: 1, sizeBytes: 1 })) }) as InventoryAnswer
const tenant = (database: string) => ({ listedIn: 'idoit_system', title: `T ${database}`, database })

test('tenants are counted, and one whose database is not there is named', () => {
  const findings = tenantFindings(inventory([tenant('a'), tenant('b')], 'idoit_system', 'a'))
  assert.deepEqual(
    findings.map(({ severity, code, message }) => [severity, code, message]),
    [
      ['ok', 'tenants-found', '2 tenants: T a (a), T b (b)'],
      ['warn', 'tenant-lost', 'idoit_system lists the tenant T b, and the server has no database b'],
    ],
  )
})

test('a guest without i-doit, or with an older helper, has no tenants to speak of', () => {
  assert.deepEqual(tenantFindings(inventory([], 'a')), [])
  assert.deepEqual(tenantFindings(inventory(undefined as never, 'a')), [])
})
