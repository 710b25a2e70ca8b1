import type { ChildProcess } from 'node:child_process'
import { on } from 'node:events'
import type { RestorePoint } from '../../src/catalog/catalog.ts'
import type { RestoreReport } from '../../src/coordinator/restore-report.ts'
import { takeSnapshot } from '../../src/coordinator/take-snapshot.ts'
import { ulid } from '../../src/system/ulid.ts'
import { openLab } from '../labs/lab.ts'
import type { LabGuest } from '../labs/lab-guest.ts'
import { type LabPorts, openLabPorts } from '../labs/lab-ports.ts'
import { StillshotCli } from '../labs/stillshot-cli.ts'
import { compare, comparisonTable } from './compare.ts'
import type { Bench } from './run.ts'

interface Restoring {
  readonly lp: LabPorts
  readonly guest: LabGuest
  readonly cli: StillshotCli
  readonly point: RestorePoint
}

/** What looking, a safety snapshot and proving may cost beside what anybody waits for. */
const BOUND = 1.1

/**
 * From the command to the first query that somebody else than stillshot has answered, against the floor: the disks put back and the guest
 * started at once. Both are asked in the same way, from the moment on in which the disks are back.
 */
export const bench: Bench = async ({ rounds, say }) => {
  const lab = await openLab({ log: say })
  const guest = await lab.guest('bench-restore')
  const cli = await StillshotCli.make(lab, guest)
  await cli.installHelper(guest)
  const lp = await openLabPorts(lab, guest, cli)
  try {
    const signal = new AbortController().signal
    const point = await takeSnapshot(lp.ports, lp.settings, { mode: 'stop', signal })
    const comparison = await compare(
      'restore',
      { ours: () => throughStillshot({ lp, guest, cli, point }), reference: () => byHand({ lp, guest, cli, point }) },
      { bound: BOUND, onRound: say, ...(rounds === undefined ? {} : { rounds }) },
    )
    return { document: comparison, table: comparisonTable(comparison), missed: comparison.missed }
  } finally {
    await lp.close()
    await guest.destroy()
  }
}

async function throughStillshot({ lp, guest, cli, point }: Restoring): Promise<number> {
  const { ports, settings } = lp
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
  const vm = await ports.hypervisor.findVm(settings.reference)
  await ports.hypervisor.removeSnapshot(vm, report.safetyPoint.snapshot)
  await ports.catalog.removePoint(report.safetyPoint.id)
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

async function byHand({ lp, guest, point }: Restoring): Promise<number> {
  const { hypervisor, system } = lp.ports
  const vm = await hypervisor.findVm(lp.settings.reference)
  await guest.dropConnection()
  const token = ulid(system.clock, system.randomness)
  const beganMs = performance.now()
  await hypervisor.rollBack(vm, { snapshotName: point.snapshot, token })
  await hypervisor.powerOn(vm)
  await guest.ready()
  return performance.now() - beganMs
}
