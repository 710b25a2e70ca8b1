import { posix } from 'node:path'
import { type ParserOptions, parse } from '@babel/parser'
import type { SourceFile } from './source-tree.ts'

/** What the rules look at in one file. */
export interface Module extends SourceFile {
  readonly lines: number
  readonly imports: readonly Import[]
  readonly functions: readonly FunctionSize[]
  /** Names used as values or types, `object.property` for members of a plain name; definitions of keys are left out. */
  readonly names: readonly Name[]
  /** Functions that are called by the file itself, not inside another function: `test`, `describe`, `before`. */
  readonly topCalls: readonly Name[]
  /** Kinds of nodes that occur, e.g. `TSEnumDeclaration`. */
  readonly kinds: ReadonlySet<string>
}

export interface Import {
  /** As written; undefined when it is computed. */
  readonly specifier: string | undefined
  /** Path in the project that a relative specifier leads to. */
  readonly target: string | undefined
  readonly line: number
}

export interface FunctionSize {
  readonly line: number
  readonly lines: number
}

export interface Name {
  readonly name: string
  readonly line: number
}

interface Node {
  readonly type: string
  readonly loc?: { readonly start: { readonly line: number }; readonly end: { readonly line: number } } | null
  readonly [field: string]: unknown
}

const OPTIONS: ParserOptions = { sourceType: 'module', plugins: ['typescript'] }

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ObjectMethod',
  'ClassMethod',
  'ClassPrivateMethod',
])

/** Types count as imports too: `import type`, `export … from`, `import('…').T`. */
const IMPORTS = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

export function parseModule(file: SourceFile): Module {
  const imports: Import[] = []
  const functions: FunctionSize[] = []
  const names: Name[] = []
  const kinds = new Set<string>()
  const program = parse(file.text, OPTIONS).program as unknown as Node
  walk(program, (node, parent, field) => {
    kinds.add(node.type)
    const line = node.loc?.start.line ?? 0
    if (FUNCTIONS.has(node.type)) functions.push({ line, lines: (node.loc?.end.line ?? line) - line + 1 })
    if (IMPORTS.has(node.type) && isNode(node.source)) imports.push(importOf(file.path, node.source, line))
    const name = nameOf(node, parent, field)
    if (name !== undefined) names.push({ name, line })
  })
  return {
    ...file,
    lines: file.text.split('\n').length - 1,
    imports,
    functions,
    names,
    kinds,
    topCalls: topCallsOf(program),
  }
}

function topCallsOf(program: Node): readonly Name[] {
  return (program.body as readonly Node[]).flatMap(({ expression }) => {
    if (!isNode(expression) || expression.type !== 'CallExpression' || !isNode(expression.callee)) return []
    return [{ name: String(expression.callee.name), line: expression.loc?.start.line ?? 0 }]
  })
}

function importOf(from: string, source: Node, line: number): Import {
  const specifier = typeof source.value === 'string' ? source.value : undefined
  const relative = specifier?.startsWith('.') === true
  return { specifier, target: relative ? posix.join(posix.dirname(from), specifier) : undefined, line }
}

function nameOf(node: Node, parent: Node | undefined, field: string): string | undefined {
  if (isMember(node)) return memberName(node)
  if (node.type !== 'Identifier') return undefined
  const isKey = field === 'key' && parent?.computed !== true && parent?.shorthand !== true
  const isProperty = field === 'property' && parent?.computed !== true
  return isKey || isProperty ? undefined : String(node.name)
}

/** `Math.random` and `globalThis.Math.random` are both `Math.random`; `globalThis.Date` is `Date`. */
function memberName(node: Node): string | undefined {
  const object = node.object as Node
  const property = node.property as Node
  const last = node.computed === true ? property.value : property.name
  if (typeof last !== 'string') return undefined
  const inner = isMember(object) ? memberName(object) : object.type === 'Identifier' ? String(object.name) : undefined
  return inner === 'globalThis' || inner === 'global' ? last : `${inner ?? ''}.${last}`
}

function isMember(node: Node): boolean {
  return node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression'
}

function walk(node: Node, visit: (node: Node, parent: Node | undefined, field: string) => void): void {
  const step = (current: Node, parent: Node | undefined, field: string) => {
    visit(current, parent, field)
    for (const [name, value] of Object.entries(current)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) step(child, current, name)
    }
  }
  step(node, undefined, '')
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
