/** Every check and every test of the project; the last line of standard output is the count. See {@link ./runner/options.ts USAGE}. */
import { join } from 'node:path'
import { checksOf, runCheck } from './runner/checks.ts'
import { runInLanes } from './runner/lanes.ts'
import { type Options, readOptions, USAGE } from './runner/options.ts'
import { runSuite, type Suite } from './runner/run-suite.ts'
import { slowestOf, type Timed } from './runner/slowest.ts'
import { isUnit, suitesOf } from './runner/suites.ts'
import { isGood, summaryOf, sumOf, type Tally } from './runner/tally.ts'

const root = join(import.meta.dirname, '..')
process.chdir(root)
const options = readOptions(process.argv.slice(2))
if (options === undefined) print(USAGE)
else process.exitCode = await runAll(options)

async function runAll(options: Options): Promise<number> {
  let interrupted = false
  const onInterrupt = () => {
    interrupted = true
  }
  process.on('SIGINT', onInterrupt).on('SIGTERM', onInterrupt)
  const suites = suitesOf(root, options)
  const [unit, labs] = [suites.filter(isUnit), suites.filter((suite) => !isUnit(suite))]
  // Beside the unit tests, which use one processor.
  const tallies: Tally[] = await Promise.all([reportChecks(options), ...unit.map(reportSuite)])
  const timed: Timed[] = []
  const report = async (suite: Suite) => {
    const begunAt = performance.now()
    tallies.push(await reportSuite(suite))
    timed.push({ ...suite, seconds: (performance.now() - begunAt) / 1000 })
  }
  await runInLanes(labs, report, () => interrupted)
  for (const line of slowestOf(timed)) print(line)
  const tally = sumOf(tallies)
  print(summaryOf(tally))
  if (interrupted) return 130
  return isGood(tally) ? 0 : 1
}

async function reportChecks({ checks }: Options): Promise<Tally> {
  const tallies: Tally[] = []
  if (checks) for (const check of checksOf(root)) tallies.push(await reportCheck(check))
  return sumOf(tallies)
}

async function reportCheck(check: ReturnType<typeof checksOf>[number]): Promise<Tally> {
  const begunAt = performance.now()
  const { good, output } = await runCheck(check, root)
  print(`${good ? 'ok    ' : 'FAILED'} ${check.name}, ${since(begunAt)}`)
  if (!good) print(indented(output))
  return { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 }
}

async function reportSuite(suite: Suite): Promise<Tally> {
  const begunAt = performance.now()
  const aloud = suite.files.length === 1 && suite.lane !== 'native'
  if (aloud) print(`       ${suite.name}: begins, at most ${suite.limitMs / 1000} s`)
  const result = await runSuite(suite, ({ outcome, name, durationMs }) => {
    if (aloud || outcome === 'skipped') print(`         ${outcome}: ${name}, ${(durationMs / 1000).toFixed(1)} s`)
  })
  print(
    `${result.failed + result.skipped === 0 ? 'ok    ' : 'FAILED'} ${suite.name}: ${summaryOf(result)}, ${since(begunAt)}`,
  )
  for (const { name, place, error } of result.failures) print(indented(`${name}\n(${place})\n${error}`))
  if (result.failed > 0 && result.output !== '') print(indented(`what the tests printed:\n${result.output}`))
  return result
}

function since(begunAt: number): string {
  return `${((performance.now() - begunAt) / 1000).toFixed(1)} s`
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '         ')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
