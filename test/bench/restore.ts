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

/** What looking, a safety snapshot and proving may cost beside what anybody waits for. */
const BOUND = 1.1

/**
 * From the command to the first answered query, against the floor: the disks put back and the guest started at once, then asked until
 * it answers. Both wait for the same boot.
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
      { ours: () => throughStillshot(lp, cli, point), reference: () => byHand(lp, guest, point) },
      { bound: BOUND, onRound: say, ...(rounds === undefined ? {} : { rounds }) },
    )
    return { document: comparison, table: comparisonTable(comparison), missed: comparison.missed }
  } finally {
    await lp.close()
    await guest.destroy()
  }
}

/** It ends when it has seen the server answer. */
async function throughStillshot(
  { ports, settings }: LabPorts,
  cli: StillshotCli,
  point: RestorePoint,
): Promise<number> {
  const beganMs = performance.now()
  const report = await cli.json<RestoreReport>('restore', cli.vm, '--point', point.id, '--yes')
  const tookMs = performance.now() - beganMs
  if (!report.cameBack || report.safetyPoint === undefined) throw new Error(JSON.stringify(report.proofs))
  const vm = await ports.hypervisor.findVm(settings.reference)
  await ports.hypervisor.removeSnapshot(vm, report.safetyPoint.snapshot)
  await ports.catalog.removePoint(report.safetyPoint.id)
  return tookMs
}

async function byHand({ ports, settings }: LabPorts, guest: LabGuest, point: RestorePoint): Promise<number> {
  const { hypervisor, system } = ports
  const vm = await hypervisor.findVm(settings.reference)
  await guest.dropConnection()
  const token = ulid(system.clock, system.randomness)
  const beganMs = performance.now()
  await hypervisor.rollBack(vm, { snapshotName: point.snapshot, token })
  await hypervisor.powerOn(vm)
  await guest.ready()
  return performance.now() - beganMs
}
