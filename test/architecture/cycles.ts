import type { Module } from './module.ts'

/** Circles of imports, types counted: each once, as the path that leads back to its beginning. */
export function importCycles(modules: readonly Module[]): readonly string[] {
  const targets = new Map(modules.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]))
  const done = new Set<string>()
  const cycles: string[] = []
  const follow = (path: string, trail: readonly string[]) => {
    const begin = trail.indexOf(path)
    if (begin >= 0) cycles.push([...trail.slice(begin), path].join(' -> '))
    if (begin >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) follow(target, [...trail, path])
    done.add(path)
  }
  for (const path of targets.keys()) follow(path, [])
  return cycles
}
