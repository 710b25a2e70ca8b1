import type { SourceFile } from './source-tree.ts'

/** Folders that exist on somebody's machine only; written so that this file does not name them. */
const FOREIGN_PATHS = [
  ['', 'work', ''],
  ['', 'Users', ''],
].map((parts) => parts.join('/'))

/** Lines that name a path of a developer's machine. */
export function foreignPaths(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = FOREIGN_PATHS.find((foreign) => line.includes(foreign))
      return found === undefined ? [] : [`${path}:${index + 1}: names ${found}`]
    }),
  )
}

/** Packages of a lock file that are bound to the host they were once fetched from. */
export function boundPackages(lockFile: string): readonly string[] {
  const { packages } = JSON.parse(lockFile) as { packages: Record<string, { resolved?: string }> }
  return Object.entries(packages).flatMap(([name, { resolved }]) =>
    resolved?.startsWith('http') === true ? [`${name}: fetched from ${resolved}`] : [],
  )
}
