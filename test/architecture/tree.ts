import { type Module, parseModule } from './module.ts'

/** A small virtual tree: path -> source. */
export function treeOf(sources: Readonly<Record<string, string>>): readonly Module[] {
  return Object.entries(sources).map(([path, text]) => parseModule({ path, text }))
}
