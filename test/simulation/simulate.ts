/** `npm run simulate`: see {@link ./options.ts USAGE}. The exit status is 1 when a promise was broken. */
import { readOptions, type SimulateOptions, USAGE } from './options.ts'
import { runWorkers, type Sum } from './run-workers.ts'

/** Broken seeds whose timeline is printed. */
const SHOWN = 3

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  let options: SimulateOptions
  try {
    options = readOptions(argv)
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n${USAGE}`)
    return 2
  }
  if (options.kind === 'help') {
    print(USAGE)
    return 0
  }
  if (options.kind === 'replay') return showSeed(options.from, options)
  return options.kind === 'seeds' ? runMany(options) : breakTheCode(options)
}

async function runMany({ from, seeds, seconds, workers, json }: SimulateOptions): Promise<number> {
  if (!json) print(`seeds from ${from} on, ${workers} workers\n`)
  const onShare = (sum: Sum) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${sum.seeds} seeds, ${perSecond(sum)} a second`)
  }
  const sum = await runWorkers({ from, seeds, seconds, workers, stopAtFirst: false, onShare })
  if (process.stderr.isTTY) process.stderr.write('\n')
  for (const { seed } of sum.broken.slice(0, SHOWN)) if (!json) await showSeed(seed, { json: false })
  const violations = sum.broken.map(({ seed, violation }) => ({ seed, ...violation }))
  if (json) print(`${JSON.stringify({ seeds: sum.seeds, violations, perSecond: perSecond(sum), from })}\n`)
  else {
    const each = (count: number) => (count / Math.max(1, sum.seeds)).toFixed(1)
    for (const { seed, promise, what } of violations) print(`BROKEN seed ${seed}: ${promise}: ${what}\n`)
    print(
      `${sum.seeds} seeds (${from} to ${from + sum.seeds - 1}): ${violations.length} broken; ${each(sum.events)} events and ${each(sum.troubles)} troubles a seed, ${perSecond(sum)} seeds a second\n`,
    )
  }
  return violations.length === 0 ? 0 : 1
}

async function showSeed(seed: number, { json }: { json: boolean }): Promise<number> {
  // The workers load the world for themselves: what only this needs would be loaded for nothing.
  const { replay } = await import('./run-seeds.ts')
  const { timeline, troubles, events, violation } = await replay(seed)
  if (json) print(`${JSON.stringify({ seed, events, troubles, violation: violation ?? null, timeline })}\n`)
  else {
    print(`seed ${seed}: ${events} events; ${troubles.join(', ')}\n${timeline.join('\n')}\n`)
    print(violation === undefined ? 'no promise was broken\n' : `BROKEN ${violation.promise}: ${violation.what}\n`)
  }
  return violation === undefined ? 0 : 1
}

async function breakTheCode({ json }: SimulateOptions): Promise<number> {
  const { tryDeliberateFaults } = await import('./deliberate-faults.ts')
  const faults = await tryDeliberateFaults((line) => {
    if (!json) print(`${line}\n`)
  })
  if (json) print(`${JSON.stringify({ faults })}\n`)
  return faults.every(({ caught }) => caught) ? 0 : 1
}

function perSecond({ seeds, elapsedMs }: Sum): number {
  return Math.round((seeds / Math.max(1, elapsedMs)) * 1000)
}

function print(text: string): void {
  process.stdout.write(text)
}
