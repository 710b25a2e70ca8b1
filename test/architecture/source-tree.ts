import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

export interface SourceFile {
  /** Relative to the project, with slashes. */
  readonly path: string
  readonly text: string
}

/** What a clone does not have, or what is not text. */
const LEFT_OUT = new Set(['node_modules', '.git', '.lab', '.stillshot'])

/** Every file of the project below these folders or files, sorted by path. */
export function readTree(root: string, below: readonly string[] = ['.']): readonly SourceFile[] {
  const paths = below.flatMap((path) => [...pathsBelow(root, path)])
  return paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** True for what is parsed as a module. */
export function isModule(file: SourceFile): boolean {
  return ['.ts', '.js', '.mjs'].includes(extname(file.path))
}

function* pathsBelow(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* pathsBelow(root, path)
    if (entry.isFile()) yield path
  }
}
