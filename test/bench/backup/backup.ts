import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeSystem } from '../../../adapters/system/node-system.ts'
import { ulid } from '../../../src/system/ulid.ts'
import { compare, comparisonTable } from '../compare.ts'
import type { Bench } from '../run.ts'
import { byHand, openSite, type Site } from './site.ts'

/** At least 0.95 of the speed of `ssh guest "mysqldump | zstd" > file`. */
const BOUND = 1 / 0.95
const ROUND_BYTES = 512 * 1024 * 1024
const LONG_BYTES = 2 * 1024 * 1024 * 1024
const MOST_MEMORY_BYTES = 120_000_000

interface Streamed {
  readonly tookMs: number
  readonly maxRssBytes: number
  readonly sizeBytes: number
}

/**
 * A dump from the guest's program to the file that is on the disk, against the same by hand over the same sshd, and the most memory that the
 * coordinator's process had for a dump of 2 GiB. The program prints a file: no server is asked, so that what is ours counts most.
 */
export const bench: Bench = async ({ rounds, say }) => {
  const site = await openSite(ROUND_BYTES)
  let comparison: Awaited<ReturnType<typeof compare>>
  try {
    // As the command does before the first backup of a version: it is compiled once.
    await stream(site, 'guest')
    comparison = await compare(
      'backup',
      { ours: async () => (await stream(site, 'guest')).tookMs, reference: async () => reference(site) },
      { bound: BOUND, onRound: say, ...(rounds === undefined ? {} : { rounds }) },
    )
  } finally {
    await site.close()
  }
  const memory = await longDump(say)
  const most = Math.max(...memory.map(({ maxRssBytes }) => maxRssBytes))
  const lines = memory.map(
    ({ packing, maxRssBytes, tookMs }) =>
      `  2 GiB, packed ${packing}: ${(tookMs / 1000).toFixed(1)} s, at most ${(maxRssBytes / 1e6).toFixed(0)} MB\n`,
  )
  return {
    document: { ...comparison, memory },
    table: comparisonTable(comparison) + lines.join(''),
    missed: comparison.missed || most > MOST_MEMORY_BYTES,
  }
}

/** Packed where the dump is made, and here, as for a guest that has no packer. */
async function longDump(say: (line: string) => void) {
  const site = await openSite(LONG_BYTES)
  try {
    const measured: (Streamed & { packing: 'guest' | 'here' })[] = []
    await stream(site, 'guest')
    for (const packing of ['guest', 'here'] as const) {
      const streamed = await stream(site, packing)
      say(`2 GiB packed ${packing}: ${streamed.tookMs.toFixed(0)} ms, ${streamed.maxRssBytes} bytes of memory`)
      measured.push({ packing, ...streamed })
    }
    return measured
  } finally {
    await site.close()
  }
}

async function stream(site: Site, packing: 'guest' | 'here'): Promise<Streamed> {
  const { clock, randomness } = nodeSystem()
  const id = ulid(clock, randomness)
  const entry = new URL('./enter.mjs', import.meta.url).pathname
  const words = [entry, join(site.folder, 'cache'), JSON.stringify(site), packing, id]
  const said = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  await rm(join(site.folder, 'repository', 'db1'), { recursive: true })
  return JSON.parse(said) as Streamed
}

function reference(site: Site): number {
  const beganMs = performance.now()
  byHand(site, 'zstd', join(site.folder, 'by-hand'))
  return performance.now() - beganMs
}
