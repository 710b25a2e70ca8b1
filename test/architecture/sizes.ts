import { extname } from 'node:path'
import type { Module } from './module.ts'
import type { SourceFile } from './source-tree.ts'

const LONGEST_FILE = 300
const LARGEST_MEDIAN = 100
const LONG_FUNCTION = 50
const LARGEST_SHARE = 0.02

/** Files of code, scripts included, that are longer than anybody reads in one go. */
export function longFiles(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(isCode)
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${LONGEST_FILE}`)
}

export function largeMedian(modules: readonly Module[]): readonly string[] {
  const sorted = modules.map(({ lines }) => lines).sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  return median > LARGEST_MEDIAN ? [`the median file has ${median} lines, at most ${LARGEST_MEDIAN}`] : []
}

/** The long functions, when there are too many of them. */
export function longFunctions(modules: readonly Module[]): readonly string[] {
  const functions = modules.flatMap((module) => module.functions.map((size) => ({ path: module.path, ...size })))
  const long = functions.filter(({ lines }) => lines > LONG_FUNCTION)
  if (long.length < LARGEST_SHARE * functions.length || long.length === 0) return []
  return long.map(({ path, line, lines }) => `${path}:${line}: a function of ${lines} lines`)
}

function isCode({ path, text }: SourceFile): boolean {
  return ['.ts', '.js', '.mjs', '.sh'].includes(extname(path)) || text.startsWith('#!')
}
