import type { Module } from './module.ts'
import type { SourceFile } from './source-tree.ts'

/** Constructs that have no place here, by the parser's names. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  ExportDefaultDeclaration: 'no default exports: a thing has one name everywhere',
  ExportAllDeclaration: 'no barrels: import from where a thing is',
  TSEnumDeclaration: 'no enums: Node runs only types that can be erased; use a list `as const`',
  TSParameterProperty: 'no parameter properties: Node runs only types that can be erased',
  TSAnyKeyword: 'no any: say what is known, or unknown',
}

const NAMES_THAT_SAY_NOTHING = /(^|\/)(utils?|helpers|common|misc|shared|index)(\.[^/]*)?(\/|$)/

export function wrongForm(modules: readonly Module[]): readonly string[] {
  return modules.flatMap(({ path, kinds }) =>
    Object.entries(FORBIDDEN).flatMap(([kind, because]) => (kinds.has(kind) ? [`${path}: ${because}`] : [])),
  )
}

export function wrongNames(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => NAMES_THAT_SAY_NOTHING.test(path))
    .map(({ path }) => `${path}: the name says nothing`)
}

/** All unit tests share one process, so a hook of a file runs around every test of every other file. */
export function sharedHooks(modules: readonly Module[]): readonly string[] {
  return modules
    .filter(({ path }) => path.endsWith('.test.ts'))
    .flatMap(({ path, topCalls }) =>
      topCalls
        .filter(({ name }) => name === 'beforeEach' || name === 'afterEach')
        .map(({ name, line }) => `${path}:${line}: ${name}() outside a describe() runs around the tests of all files`),
    )
}
