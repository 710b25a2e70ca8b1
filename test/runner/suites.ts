import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { laneOf } from './lanes.ts'
import { isWanted, type Options } from './options.ts'
import type { Suite } from './run-suite.ts'

const UNIT = 'unit tests'

// They tell what hangs from what is slow on a busy machine, no more: what must be quick is measured by its own test.
const UNIT_LIMIT_MS = 600_000
const CLOSE_MS = 30_000
/** A lab that needs longer says so in a line of its own: `// time limit: 3600 s`. */
const LAB_LIMIT_S = 2400

/** The unit tests as one suite, then each lab file as one: what asks for most time first, so that no long one is left alone at the end. */
export function suitesOf(root: string, options: Options): readonly Suite[] {
  const find = (pattern: string) =>
    globSync(pattern, { cwd: root })
      .sort()
      .filter((path) => isWanted(path, options))
  const settings = { closeMs: CLOSE_MS, ...(options.testName === undefined ? {} : { testName: options.testName }) }
  const unit = options.unit ? find('test/**/*.test.ts') : []
  const labs = options.labs ? find('test/**/*.lab.ts') : []
  return [
    ...(unit.length === 0
      ? []
      : [{ name: UNIT, files: unit, limitMs: UNIT_LIMIT_MS, lane: 'native' as const, ...settings }]),
    ...labs
      .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
      .toSorted((one, other) => (askedOf(other.text) ?? 0) - (askedOf(one.text) ?? 0))
      .map(({ path, text }) => {
        return { name: path, files: [path], limitMs: limitOf(text), lane: laneOf(text), ...settings }
      }),
  ]
}

export function isUnit({ name }: Suite): boolean {
  return name === UNIT
}

/** In milliseconds, from the text of a lab file; never less than the usual. */
export function limitOf(text: string): number {
  return Math.max(LAB_LIMIT_S, askedOf(text) ?? 0) * 1000
}

function askedOf(text: string): number | undefined {
  const [, seconds] = /^\/\/ time limit: (\d+) s$/m.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
