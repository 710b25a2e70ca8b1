import type { Module } from './module.ts'

/** One row of docs/reference/packages.md. */
export interface PackageRow {
  readonly name: string
  readonly folder: string
  readonly reason: string
}

/** The rows of the table whose first two columns stand between backquotes. */
export function packageRows(markdown: string): readonly PackageRow[] {
  return [...markdown.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| (.*) \|$/gm)].map(
    ([, name = '', folder = '', reason = '']) => ({
      name,
      folder,
      reason: reason.trim(),
    }),
  )
}

/** Packages that are imported outside their one folder, not documented, not used, or no dependency. */
export function wrongPackages(
  modules: readonly Module[],
  dependencies: readonly string[],
  rows: readonly PackageRow[],
): readonly string[] {
  const uses = modules.flatMap(packageUses)
  return [
    ...uses.flatMap((use) => wrongUse(use, dependencies, rows)),
    ...dependencies.filter((name) => !rows.some((row) => row.name === name)).map((name) => `${name}: not in the table`),
    ...dependencies.filter((name) => !uses.some((use) => use.name === name)).map((name) => `${name}: imported nowhere`),
    ...rows.flatMap((row) => wrongRow(row, dependencies)),
  ]
}

interface Use {
  readonly name: string
  readonly path: string
  readonly line: number
}

function packageUses({ path, imports }: Module): readonly Use[] {
  return imports.flatMap(({ specifier, target, line }) => {
    if (specifier === undefined || target !== undefined || specifier.startsWith('node:')) return []
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    return [{ name, path, line }]
  })
}

function wrongUse({ name, path, line }: Use, dependencies: readonly string[], rows: readonly PackageRow[]): string[] {
  if (!dependencies.includes(name)) return [`${path}:${line}: ${name} is no dependency`]
  const row = rows.find((candidate) => candidate.name === name)
  if (row === undefined || path.startsWith(`${row.folder}/`)) return []
  return [`${path}:${line}: ${name} belongs to ${row.folder}`]
}

function wrongRow({ name, folder, reason }: PackageRow, dependencies: readonly string[]): readonly string[] {
  if (!dependencies.includes(name)) return [`${name}: in the table, but no dependency`]
  const deepEnough = /^(src|adapters)\/[^/]+(\/[^/]+)?$/.test(folder)
  if (!deepEnough) return [`${name}: ${folder} is not one folder of src/ or one adapter`]
  return reason === '' ? [`${name}: no reason is given`] : []
}
