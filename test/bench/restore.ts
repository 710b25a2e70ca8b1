import type { ChildProcess } from 'node:child_process'
import { on } from 'node:events'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import type { GuestUnderTest } from '../labs/guest-under-test.ts'
import type { StillshotCli } from '../labs/stillshot-cli.ts'
import { compare, comparisonTable } from './compare.ts'
import type { Bench } from './run.ts'

/** A guest with a point to go back to, and what a person would do. */
export interface RestoreGround {
  readonly guest: GuestUnderTest
  readonly cli: StillshotCli
  readonly point: RestorePoint
  /** Disks put back and guest started, by the hypervisor's own means. */
  byHand(): Promise<void>
  /** The safety point of a round goes, or later rounds would be slower. */
  forget(point: RestorePoint): Promise<void>
  close(): Promise<void>
}

/** What looking, a safety snapshot and proving may cost beside what anybody waits for. */
const BOUND = 1.1

const GROUNDS: Readonly<Record<string, (say: (line: string) => void) => Promise<RestoreGround>>> = {
  libvirt: async (say) => (await import('./restore-on-libvirt.ts')).onLibvirt(say),
  proxmox: async () => (await import('./restore-on-proxmox.ts')).onProxmox(),
}

/**
 * From the command to the first query that somebody else than stillshot has answered, against the floor: the disks put back and the guest
 * started at once. Both are asked in the same way, from the moment on in which the disks are back.
 */
export const bench: Bench = async ({ rounds, hypervisor = 'libvirt', say }) => {
  const open = GROUNDS[hypervisor]
  if (open === undefined) throw new RangeError(`--hypervisor is one of ${Object.keys(GROUNDS).join(', ')}`)
  const ground = await open(say)
  try {
    const comparison = await compare(
      'restore',
      { ours: () => throughStillshot(ground, say), reference: () => byHand(ground) },
      { bound: BOUND, onRound: say, ...(rounds === undefined ? {} : { rounds }) },
    )
    return { document: comparison, table: comparisonTable(comparison), missed: comparison.missed }
  } finally {
    await ground.close()
  }
}

async function throughStillshot(
  { guest, cli, point, forget }: RestoreGround,
  say: (line: string) => void,
): Promise<number> {
  const beganMs = performance.now()
  const child = cli.spawn('--json', 'restore', cli.vm, '--point', point.id, '--yes')
  const ended = cli.result(child)
  await saying(child, 'roll back: done')
  await guest.dropConnection()
  await guest.ready()
  const tookMs = performance.now() - beganMs
  const { status, stdout, stderr } = await ended
  if (status !== 0) throw new Error(`restore ended with ${status}: ${stderr}`)
  const report = JSON.parse(stdout) as RestoreReport
  if (!report.cameBack || report.safetyPoint === undefined) throw new Error(JSON.stringify(report.proofs))
  say(stderr.trim().split('\n').join('; '))
  await forget(report.safetyPoint)
  return tookMs
}

/** Resolves when the process has said so on standard error; rejects when it ends without. */
async function saying(child: ChildProcess, words: string): Promise<void> {
  let said = ''
  for await (const text of on(child.stderr ?? child, 'data', { close: ['end', 'close'] })) {
    said += String(text)
    if (said.includes(words)) return
  }
  throw new Error(`it ended without '${words}': ${said}`)
}

async function byHand({ guest, byHand: putBack }: RestoreGround): Promise<number> {
  await guest.dropConnection()
  const beganMs = performance.now()
  await putBack()
  await guest.ready()
  return performance.now() - beganMs
}
