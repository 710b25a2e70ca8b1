import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedHooks, wrongForm, wrongNames } from './form.ts'
import { boundPackages, foreignPaths } from './places.ts'
import { treeOf } from './tree.ts'

const wrong = [
  'export default 1',
  "export * from './a.ts'",
  'enum Colour { Red }',
  'class A { constructor(readonly b: string) {} }',
  'let a: any',
]

for (const text of wrong) {
  test(`wrong form: ${text}`, () => {
    assert.equal(wrongForm(treeOf({ 'src/a.ts': text })).length, 1)
  })
}

test('named exports, lists as const and unknown are right', () => {
  const text = "export const A = ['b'] as const\nexport type B = (typeof A)[number]\nlet c: unknown"
  assert.deepEqual(wrongForm(treeOf({ 'src/a.ts': text })), [])
})

test('names that say nothing are told, names that only contain them are not', () => {
  const named = (path: string) => wrongNames([{ path, text: '' }]).length
  const bad = ['src/utils.ts', 'src/cli/helpers/a.ts', 'test/common.ts', 'src/index.ts', 'src/util/a.ts']
  const good = ['src/guest/guest-helper.ts', 'adapters/guests/helper/stillshot-guest', 'src/indexing.ts']
  assert.deepEqual(bad.map(named), [1, 1, 1, 1, 1])
  assert.deepEqual(good.map(named), [0, 0, 0])
})

test('a path of a developer’s machine is told with its line', () => {
  const path = ['', 'work', 'main'].join('/')
  assert.equal(foreignPaths([{ path: 'a.md', text: `one\ntwo ${path}\n` }])[0]?.startsWith('a.md:2'), true)
  assert.deepEqual(foreignPaths([{ path: 'a.md', text: 'the network/work group' }]), [])
})

test('a lock file that names the host of a package is told', () => {
  const lock = (resolved: object) => JSON.stringify({ packages: { 'node_modules/a': { version: '1', ...resolved } } })
  assert.equal(boundPackages(lock({ resolved: 'https://registry.example/a.tgz' })).length, 1)
  assert.deepEqual(boundPackages(lock({})), [])
})

test('a hook around every test stands inside a describe()', () => {
  const told = (text: string) => sharedHooks(treeOf({ 'test/a.test.ts': text })).length
  assert.equal(told('beforeEach(() => {})'), 1)
  assert.equal(told("test('a', () => {}); afterEach(() => {})"), 1)
  assert.equal(told("describe('a', () => { beforeEach(() => {}) }); after(() => {})"), 0)
})
