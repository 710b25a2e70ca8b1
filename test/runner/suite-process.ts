/**
 * The process that runs test files and tells its parent about each test: `suite-process.ts [--name PATTERN] FILE…`.
 * All files share it, so that the unit suite does not pay for a process per file.
 */
import { relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect, parseArgs } from 'node:util'
import type { SuiteEvent } from './suite-events.ts'

type Finished = Parameters<Parameters<ReturnType<typeof run>['on']>[1]>[0] & {
  readonly name: string
  readonly nesting: number
  readonly file?: string
  readonly line?: number
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: {
    readonly duration_ms: number
    readonly type?: string
    readonly error?: Error & { readonly failureType?: string }
  }
}

const { values, positionals } = parseArgs({ options: { name: { type: 'string' } }, allowPositionals: true })
const stream = run({
  files: positionals,
  isolation: 'none',
  ...(values.name === undefined ? {} : { testNamePatterns: [values.name] }),
})
/** Names of the tests and suites that have begun, by their depth. */
const around: string[] = []
stream.on('test:start', ({ name, nesting }) => around.splice(nesting, Number.POSITIVE_INFINITY, name))
stream.on('test:pass', (finished) => tell(finished as Finished, finished.skip || finished.todo ? 'skipped' : 'passed'))
stream.on('test:fail', (finished) => tell(finished as Finished, finished.skip || finished.todo ? 'skipped' : 'failed'))
// The stream itself ends only when nothing is open any more; the runner wants to know before that.
let open = 0
stream.on('test:enqueue', ({ nesting }) => {
  if (nesting === 0) open += 1
})
for (const event of ['test:pass', 'test:fail'] as const) {
  stream.on(event, ({ nesting }) => {
    if (nesting === 0) open -= 1
    if (nesting === 0 && open === 0) send({ kind: 'end' })
  })
}
stream.resume()

function tell(finished: Finished, outcome: 'passed' | 'failed' | 'skipped'): void {
  const { name, nesting, details } = finished
  const { error } = details
  // A suite is no test; it is told only when it failed by itself, for instance in a hook.
  if (details.type === 'suite' && (outcome !== 'failed' || error?.failureType === 'subtestsFailed')) return
  // node:test makes a file without tests pass as a test of its own, named by its path.
  const empty = outcome === 'passed' && positionals.some((path) => resolve(path) === name)
  send({
    kind: 'test',
    outcome: empty ? 'failed' : outcome,
    name: [...around.slice(0, nesting), name].join(' > '),
    place: `${relative(process.cwd(), finished.file ?? '')}:${finished.line ?? 0}`,
    durationMs: details.duration_ms,
    error: empty ? 'there is no test in this file' : error ? inspect(error.cause ?? error, { depth: 6 }) : '',
  })
}

function send(event: SuiteEvent): void {
  process.send?.(event)
}
