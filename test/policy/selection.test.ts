import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Selection, selects } from '../../src/policy/selection.ts'

const vm = { name: 'db-main', hypervisor: 'kvm' }

const CASES: readonly (readonly [Selection, 'yes' | 'no' | 'unknown'])[] = [
  [{ vms: ['db-main'] }, 'yes'],
  [{ vms: ['db1'] }, 'no'],
  [{ hypervisor: 'kvm' }, 'yes'],
  [{ hypervisor: 'pve' }, 'no'],
  [{ vms: ['db-main'], hypervisor: 'pve' }, 'no'],
  [{ exclude: ['db-main'] }, 'no'],
  [{ exclude: ['db1'] }, 'yes'],
  [{ name: 'db*' }, 'yes'],
  [{ name: '*main' }, 'yes'],
  [{ name: 'd*-*n' }, 'yes'],
  [{ name: '*' }, 'yes'],
  [{ name: 'db-main' }, 'yes'],
  [{ name: 'db' }, 'no'],
  [{ name: 'd.*' }, 'no'],
  [{ name: 'db-main*main' }, 'no'],
  [{ name: '*x*' }, 'no'],
  [{ tag: 'database' }, 'unknown'],
  [{ vms: ['db1'], pool: 'production' }, 'no'],
  [{ folder: '/dc1' }, 'unknown'],
]

for (const [selection, expected] of CASES) {
  test(`${JSON.stringify(selection)}: ${expected}`, () => assert.equal(selects(selection, vm), expected))
}

test('a pattern of many stars takes no longer than its name', () => {
  assert.equal(selects({ name: `${'*a'.repeat(5_000)}b` }, { name: 'a'.repeat(20_000), hypervisor: 'kvm' }), 'no')
})
