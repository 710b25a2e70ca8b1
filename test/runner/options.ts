import { parseArgs } from 'node:util'

export const USAGE = `usage: node test/run.ts [--unit | --labs] [--name PATTERN] [PART OF A PATH…]

  --unit          checks and unit tests only
  --labs          tests on real parts only
  --name PATTERN  only tests whose name matches
  PART OF A PATH  only test files whose path contains it; the checks are left out then`

export interface Options {
  readonly checks: boolean
  readonly unit: boolean
  readonly labs: boolean
  readonly testName?: string
  /** Empty: every file. */
  readonly paths: readonly string[]
}

/** Undefined when help was asked for; throws when an option is unknown. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      unit: { type: 'boolean' },
      labs: { type: 'boolean' },
      name: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return undefined
  const both = values.unit === values.labs
  const narrowed = positionals.length > 0 || values.name !== undefined
  return {
    checks: !narrowed && (both || values.unit === true),
    unit: both || values.unit === true,
    labs: both || values.labs === true,
    paths: positionals,
    ...(values.name === undefined ? {} : { testName: values.name }),
  }
}

export function isWanted(path: string, { paths }: Pick<Options, 'paths'>): boolean {
  return paths.length === 0 || paths.some((part) => path.includes(part))
}
