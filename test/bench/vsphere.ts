import { join } from 'node:path'
import { runCommand } from '../labs/command.ts'
import { openSimulator, PASSWORD, USERNAME } from '../labs/vsphere/simulator.ts'
import type { Bench } from './run.ts'
import { spread } from './statistics.ts'

const COLD = join(import.meta.dirname, 'vsphere-cold.ts')
const VMS = 5_000
const MIB = 1024 ** 2

/** What each figure may be at most, as a median. */
const BOUNDS = { loginCpuMs: 250, loginRssBytes: 120 * MIB, listMs: 3_000, listRssBytes: 200 * MIB } as const

type Figure = keyof typeof BOUNDS

/** Cold processes that log in at a vCenter with many VMs and list them; against fixed bounds, not against another program. */
export const bench: Bench = async ({ rounds = 5, say }) => {
  const simulator = await openSimulator({ count: VMS })
  const measured: Record<Figure, number>[] = []
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const args = [COLD, simulator.url, simulator.authorityPath, USERNAME]
      const text = await runCommand(process.execPath, args, { timeoutMs: 120_000, input: PASSWORD })
      measured.push(JSON.parse(text))
      say(`round ${round}: ${text}`)
    }
  } finally {
    await simulator.close()
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
