import type { Document, LineCounter, Node, Pair } from 'yaml'

/** A key or index on the way from the top of the file. */
export type Step = string | number

/** One thing that is wrong with a configuration; without `line` where it is not a place that is wrong but one missing. */
export interface Problem {
  /** `vms.db1.hold.ttl`; empty for the whole file. */
  readonly path: string
  readonly line?: number
  readonly column?: number
  readonly message: string
}

/** More than anybody reads at once, and than a file that is no configuration at all should cost to look up. */
export const MOST_PROBLEMS = 50

/** A parsed file that can say where a value stands. */
export interface YamlSource {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** The key's place for `key`, else the value's; the nearest thing around it when it is not there. */
  locate(path: readonly Step[], what: 'key' | 'value'): { line: number; column: number } | undefined
}

/** Parses one YAML document (JSON too). Never rejects for what the text holds; never quotes it: it may hold a secret. */
export async function parseYaml(text: string): Promise<YamlSource> {
  const yaml = await import('yaml')
  const lineCounter = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, merge: true })
  const errors = [...document.errors, ...document.warnings].slice(0, MOST_PROBLEMS)
  const problems: Problem[] = errors.map((error) => {
    const { line, col } = lineCounter.linePos(error.pos[0])
    return { path: '', line, column: col, message: SAYINGS[error.code] ?? `is not valid YAML (${error.code})` }
  })
  let value: unknown
  if (problems.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 1000 })
    } catch {
      problems.push({ path: '', message: 'holds an alias that leads nowhere, or too many of them' })
    }
  }
  return { value, problems, locate: (path, what) => locate(yaml, document, lineCounter, path, what) }
}

/** The parser's own messages quote the text, so its codes are put in words here (yaml's errors.ts). */
const SAYINGS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias cannot have a tag or an anchor',
  BAD_ALIAS: 'an alias has no name that can be used',
  BAD_DIRECTIVE: 'a directive is not understood',
  BAD_DQ_ESCAPE: 'a backslash in double quotes is followed by what is no escape: use single quotes',
  BAD_INDENT: 'the indentation is wrong, or a bracket above is not closed',
  BLOCK_AS_IMPLICIT_KEY: 'a key spans several lines, or a value holds a second `: `: quote it',
  BLOCK_IN_FLOW: 'a block stands inside { } or [ ]',
  DUPLICATE_KEY: 'the same key stands twice',
  MISSING_CHAR: 'a closing quote, bracket, colon or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key spans several lines: is a colon missing?',
  MULTIPLE_DOCS: 'there is more than one document',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  MULTIPLE_TAGS: 'a value has two tags',
  TAB_AS_INDENT: 'a tab indents: use blanks',
  TAG_RESOLVE_FAILED: 'a tag (`!…`) is not known',
  UNEXPECTED_TOKEN: 'something stands where nothing may: quote the value if it begins with a sign',
  BAD_SCALAR_START: 'a plain value begins with a sign that must be quoted',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
}

type Yaml = typeof import('yaml')

function locate(yaml: Yaml, document: Document, lines: LineCounter, path: readonly Step[], what: 'key' | 'value') {
  let offset: number | undefined
  let node: Node | null = document.contents as Node | null
  for (const [index, step] of path.entries()) {
    if (yaml.isAlias(node)) node = node.resolve(document) ?? null
    if (yaml.isMap(node)) {
      const pair = findPair(yaml, node.items as Pair[], String(step))
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = (pair.value ?? null) as Node | null
      if (index === path.length - 1 && what === 'key') return position(lines, offset)
    } else if (yaml.isSeq(node) && typeof step === 'number') {
      node = (node.items[step] ?? null) as Node | null
    } else break
    offset = startOf(node) ?? offset
  }
  return position(lines, offset)
}

function findPair(yaml: Yaml, items: readonly Pair[], key: string): Pair | undefined {
  return items.find((pair) => String(yaml.isScalar(pair.key) ? pair.key.value : pair.key) === key)
}

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: readonly number[] } | null)?.range
  return range?.[0]
}

function position(lines: LineCounter, offset: number | undefined) {
  if (offset === undefined) return undefined
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
