/** Runs seeds from 1 up to the given number until a promise is broken, and prints the first seed in which one is. */
import { runWorkers } from './run-workers.ts'

const sum = await runWorkers({
  from: 1,
  seeds: Number(process.argv[2]),
  seconds: Number.POSITIVE_INFINITY,
  workers: 2,
  stopAtFirst: true,
})
const [first] = sum.broken
const broken = first?.violation && { seed: first.seed, promise: first.violation.promise }
process.stdout.write(JSON.stringify({ seeds: sum.seeds, broken }))
