import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModule } from './module.ts'

test('every way to import is seen, types included', () => {
  const text = [
    "import { a } from './a.ts'",
    "import type { B } from '../b.ts'",
    "import { type C } from './deep/c.ts'",
    "export { d } from './d.ts'",
    "export type { E } from './e.ts'",
    "const f = await import('./f.ts')",
    "let g: import('./g.ts').G",
    "import h from 'vendor/part'",
    'const i = await import(name)',
    "import './j.ts'",
  ].join('\n')
  const { imports } = parseModule({ path: 'src/cli/x.ts', text })
  assert.deepEqual(
    imports.map(({ target, specifier }) => target ?? specifier),
    [
      'src/cli/a.ts',
      'src/b.ts',
      'src/cli/deep/c.ts',
      'src/cli/d.ts',
      'src/cli/e.ts',
      'src/cli/f.ts',
      'src/cli/g.ts',
      'vendor/part',
      undefined,
      'src/cli/j.ts',
    ],
  )
})

test('a source text in a string or a comment is no import', () => {
  const text = "// import { a } from './a.ts'\nconst b = \"import './b.ts'\""
  assert.deepEqual(parseModule({ path: 'x.ts', text }).imports, [])
})

test('the lines of every kind of function are counted', () => {
  const text = [
    'function a() {',
    '}',
    'const b = () => {',
    '',
    '}',
    'class C {',
    '  d() { return 1 }',
    '  #e() {',
    '  }',
    '}',
    'const f = { g() {',
    '} }',
  ].join('\n')
  const { functions } = parseModule({ path: 'x.ts', text })
  assert.deepEqual(
    functions.map(({ lines }) => lines),
    [2, 3, 1, 2, 2],
  )
})

test('names are seen as values, types and members, but not as keys', () => {
  const text = 'new Date(); let t: Date2; a.b.c(); globalThis.Math.random(); const x = { key: 1, short }; x["d"]; p?.q'
  const names = parseModule({ path: 'x.ts', text }).names.map(({ name }) => name)
  for (const seen of ['Date', 'Date2', 'a.b.c', 'Math.random', 'short', 'x.d', 'p.q'])
    assert.ok(names.includes(seen), seen)
  assert.ok(!names.includes('key'))
})

test('syntax of today is understood', () => {
  const text = 'async function f() { using a = b(); await using c = d() }\nconst x = { y: 1 } as const satisfies object'
  assert.equal(parseModule({ path: 'x.ts', text }).functions.length, 1)
})
