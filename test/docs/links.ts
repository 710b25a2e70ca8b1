import { posix } from 'node:path'
import type { SourceFile } from '../architecture/source-tree.ts'

/** Links of the pages that lead to a file which is not there; links to other sites are not followed. */
export function brokenLinks(pages: readonly SourceFile[], paths: ReadonlySet<string>): readonly string[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:|^#/.test(link)) return []
      const target = posix.join(posix.dirname(path), link.replace(/#.*$/, ''))
      return paths.has(target) ? [] : [`${path}: ${link}`]
    }),
  )
}
