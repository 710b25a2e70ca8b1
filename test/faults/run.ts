import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openLab } from '../labs/lab.ts'
import { withLock } from '../labs/lock.ts'
import { labPaths } from '../labs/paths.ts'
import type { Cell, CellResult, Versions } from './cell.ts'
import { CANNOT_RUN, CELLS, CI_CELLS, FAULTS } from './cells.ts'
import type { Ground, GroundName } from './ground.ts'
import { libvirtGround } from './grounds/libvirt-ground.ts'
import { nativeGround } from './grounds/native-ground.ts'
import { Place } from './place.ts'
import { reportOf } from './report.ts'
import { inOrderOfNeed, mergeResults, readResults, summaryOf } from './results.ts'
import { SHORTEST_TTL_MS } from './time-to-live.ts'

/**
 * `npm run faults -- [--list] [--minutes N] [--json] [--cells PATTERN] [--on GROUND] [--ci] [--guests N]`: cells that were never run
 * first, then the oldest, on each ground beside the other; PATTERN is a regular expression, or the whole name of one. `--list` prints
 * their names and grounds, and plays none. Results are merged into docs/reference/faults.json, and faults.md is written from them. Ends with 1 when a
 * promise is broken.
 */
const ROOT = join(import.meta.dirname, '../..')
const RESULTS = join(ROOT, 'docs/reference/faults.json')
const REPORT = join(ROOT, 'docs/reference/faults.md')
const NAME = 'faults'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    json: { type: 'boolean' },
    cells: { type: 'string' },
    ci: { type: 'boolean' },
    guests: { type: 'string' },
    on: { type: 'string' },
    list: { type: 'boolean' },
    report: { type: 'boolean' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)
const pattern = new RegExp(values.cells ?? '')
let endAt = performance.now() + Number(values.minutes ?? Number.POSITIVE_INFINITY) * 60_000
// The cells under way are finished; a second signal ends at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAt = 0
  })
}
const wanted = CELLS.filter(
  ({ name, ground }) =>
    (name === values.cells || pattern.test(name)) &&
    (values.on === undefined || ground === values.on) &&
    (!values.ci || CI_CELLS.includes(name)),
)
if (values.list) {
  for (const { name, ground } of wanted) process.stdout.write(`${name}  ${ground}\n`)
  process.exit()
}
const queue = values.report ? [] : [...inOrderOfNeed(wanted, await readResults(RESULTS))]
say(`${queue.length} of ${CELLS.length} cells, those that were never run first`)
if (queue.length > 0) await runAll(queue)
const results = await readResults(RESULTS)
const summary = summaryOf(CELLS, results, CANNOT_RUN)
await writeFile(REPORT, reportOf({ cells: CELLS, faults: FAULTS, ttlMs: SHORTEST_TTL_MS }, results, summary))
say(
  `${summary.kept} of ${summary.cells} cells keep the promises, ${summary.broken.length} do not, ${summary.notRun.length} not run`,
)
for (const { cell, broken } of summary.broken) say(`  ${cell}: ${broken.join('; ')}`)
if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exitCode = summary.broken.length > 0 ? 1 : 0

async function runAll(cells: readonly Cell[]): Promise<void> {
  const of = (ground: GroundName) => cells.filter((cell) => cell.ground === ground)
  await Promise.all([runOnLibvirt(of('libvirt')), runNatively(of('native'))])
}

async function runOnLibvirt(cells: readonly Cell[]): Promise<void> {
  if (cells.length === 0) return
  const lab = await openLab({ log: (line) => say(`lab: ${line}`) })
  const words = await lab.virsh(['version', '--daemon'])
  const find = (expression: RegExp) => expression.exec(words)?.[1] ?? 'unknown'
  const versions = {
    ...(await ourVersion()),
    libvirt: find(/daemon: ([\d.]+)/),
    qemu: find(/hypervisor: QEMU ([\d.]+)/),
  }
  const together = cells.filter(({ fault }) => !fault.alone)
  const alone = cells.filter(({ fault }) => fault.alone)
  const make = (guest: string) => libvirtGround(lab, guest)
  await Promise.all(guestNames(NAME).map((guest) => work(() => make(guest), together, versions)))
  await work(() => make(`${NAME}-1`), alone, versions)
}

async function runNatively(cells: readonly Cell[]): Promise<void> {
  if (cells.length === 0) return
  const versions = await ourVersion()
  const queue = [...cells]
  await Promise.all(guestNames(`${NAME}-native`).map((guest) => work(() => nativeGround(guest), queue, versions)))
}

function guestNames(prefix: string): readonly string[] {
  return Array.from({ length: Number(values.guests ?? 2) }, (_, index) => `${prefix}-${index + 1}`)
}

/** Takes cells from the queue until it is empty or the time is over. */
async function work(ground: () => Promise<Ground>, cells: Cell[], versions: Omit<Versions, 'mariadb'>): Promise<void> {
  const place = new Place(ground)
  try {
    for (let cell = next(cells); cell !== undefined; cell = next(cells)) await record(await place.play(cell, versions))
  } finally {
    await place.close()
  }
}

function next(cells: Cell[]): Cell | undefined {
  return performance.now() < endAt ? cells.shift() : undefined
}

async function record(result: CellResult): Promise<void> {
  await withLock(join(labPaths().folder, 'faults.lock'), () => mergeResults(RESULTS, [result]))
  const { cell, told, outageMs, broken, notRun, tookMs } = result
  const verdict = broken.length > 0 ? 'BROKEN' : notRun === undefined ? 'kept  ' : 'NOT RUN'
  say(`${verdict} ${cell}: ${told.join('; ')}; outage ${outageMs} ms (${(tookMs / 1000).toFixed(0)} s)`)
  for (const line of [...broken, ...(notRun === undefined ? [] : [notRun])]) say(`       ${line}`)
}

async function ourVersion(): Promise<{ readonly stillshot: string }> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()
  return { stillshot: `${version} (${commit})` }
}
