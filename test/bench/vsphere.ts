import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../labs/command.ts'
import { openSimulator, PASSWORD, USERNAME } from '../labs/vsphere/simulator.ts'
import type { Bench } from './run.ts'
import { spread } from './statistics.ts'

const COLD = join(import.meta.dirname, 'vsphere-cold.ts')
const VMS = 5_000
const MIB = 1024 ** 2

/** What each figure may be at most, as a median. `again`: once Node's compile cache is there, which stillshot turns on. */
const BOUNDS = {
  loginCpuMs: 250,
  loginRssBytes: 120 * MIB,
  againLoginRssBytes: 120 * MIB,
  listMs: 3_000,
  listRssBytes: 200 * MIB,
} as const

type Figure = keyof typeof BOUNDS
type Cold = Record<Exclude<Figure, 'againLoginRssBytes'>, number>

/** Cold processes that log in at a vCenter with many VMs and list them; against fixed bounds, not against another program. */
export const bench: Bench = async ({ rounds = 5, say }) => {
  const simulator = await openSimulator({ count: VMS })
  const cache = await mkdtemp(join(tmpdir(), 'stillshot-bench-'))
  const measured: Record<Figure, number>[] = []
  const run = async (...environment: readonly string[]): Promise<Cold> => {
    const args = [...environment, process.execPath, COLD, simulator.url, simulator.authorityPath, USERNAME]
    return JSON.parse(await runCommand('env', args, { timeoutMs: 120_000, input: PASSWORD }))
  }
  try {
    await run(`NODE_COMPILE_CACHE=${cache}`)
    for (let round = 1; round <= rounds; round += 1) {
      const again = await run(`NODE_COMPILE_CACHE=${cache}`)
      const figures = { ...(await run()), againLoginRssBytes: again.loginRssBytes }
      measured.push(figures)
      say(`round ${round}: ${JSON.stringify(figures)}`)
    }
  } finally {
    await simulator.close()
    await rm(cache, { recursive: true, force: true })
  }
  const figures = (Object.keys(BOUNDS) as Figure[]).map((name) => {
    const values = measured.map((each) => each[name])
    const of = spread(values)
    return { name, ...of, bound: BOUNDS[name], missed: of.median > BOUNDS[name] }
  })
  const table = figures
    .map(({ name, median: middle, bound }) => `${name}: ${Math.round(middle)} of ${bound}\n`)
    .join('')
  const document = { name: 'vsphere', rounds, vms: VMS, figures }
  return { document, table, missed: figures.some(({ missed }) => missed) }
}
