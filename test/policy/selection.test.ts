import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Selection, selects, type VmFacts } from '../../src/policy/selection.ts'

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
  [{ node: 'n1' }, 'unknown'],
  [{ cluster: 'c1', name: 'web*' }, 'no'],
  [{ exclude: ['*-test', 'db-m*'] }, 'no'],
  [{ exclude: ['*-test'] }, 'yes'],
]

for (const [selection, expected] of CASES) {
  test(`${JSON.stringify(selection)}: ${expected}`, () => assert.equal(selects(selection, vm), expected))
}

const facts: VmFacts = {
  tags: ['database', 'tier/gold'],
  pool: 'production/db',
  folder: '/dc1/vm/databases',
  node: 'n1',
}

const WITH_FACTS: readonly (readonly [Selection, VmFacts, 'yes' | 'no' | 'unknown'])[] = [
  [{ tag: 'database' }, facts, 'yes'],
  [{ tag: 'tier/gold' }, facts, 'yes'],
  [{ tag: 'gold' }, facts, 'no'],
  [{ tag: 'database', name: 'web*' }, facts, 'no'],
  [{ pool: 'production' }, facts, 'yes'],
  [{ pool: 'production/db' }, facts, 'yes'],
  [{ pool: 'prod' }, facts, 'no'],
  [{ pool: 'db' }, facts, 'no'],
  [{ folder: '/dc1/vm' }, facts, 'yes'],
  [{ folder: 'dc1/vm/databases/' }, facts, 'yes'],
  [{ folder: '/dc1/vm/data' }, facts, 'no'],
  [{ folder: '/dc1/vm/databases/live' }, facts, 'no'],
  [{ node: 'n1', tag: 'database' }, facts, 'yes'],
  [{ node: 'n' }, facts, 'no'],
  [{ cluster: 'blue' }, facts, 'no'],
  [{ tag: 'gold' }, { ...facts, visibleTags: ['database', 'gold'] }, 'no'],
  [{ tag: 'gold' }, { ...facts, visibleTags: ['database'] }, 'unknown'],
  [{ tag: 'gold', name: 'web*' }, { ...facts, visibleTags: [] }, 'no'],
  [{ tag: 'database' }, { ...facts, visibleTags: ['database'] }, 'yes'],
  [{ cluster: 'blue' }, { ...facts, hidden: ['cluster'] }, 'unknown'],
  [{ cluster: 'blue', tag: 'web' }, { ...facts, hidden: ['cluster'] }, 'no'],
  [{ folder: '/dc1' }, { tags: [], hidden: ['folder'] }, 'unknown'],
]

for (const [selection, known, expected] of WITH_FACTS) {
  test(`${JSON.stringify(selection)} of ${JSON.stringify(known)}: ${expected}`, () =>
    assert.equal(selects(selection, vm, known), expected))
}

test('a pattern of many stars takes no longer than its name', () => {
  assert.equal(selects({ name: `${'*a'.repeat(5_000)}b` }, { name: 'a'.repeat(20_000), hypervisor: 'kvm' }), 'no')
})
